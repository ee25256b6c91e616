-- name: lock_units()!
-- One import at a time: what is compared stays as it is until the end.
LOCK TABLE units IN SHARE ROW EXCLUSIVE MODE;

-- name: keep_units_still()!
-- Units stay as they are until the end, whatever files of units come; files of vacancies may be
-- read side by side.
LOCK TABLE units IN SHARE MODE;

-- name: make_unit_rows()#
-- A table for the rows of a file of units, which lasts as long as the transaction.
CREATE TEMPORARY TABLE unit_row (
    line integer,
    unit_id text,
    path text,
    path_key text,
    staff integer
) ON COMMIT DROP;

-- name: index_unit_rows()#
-- Before its rows are compared with each other and with the units known.
CREATE INDEX ON unit_row (unit_id, line);
CREATE INDEX ON unit_row (path_key, line);
ANALYZE unit_row;

-- name: unit_faults()
-- The first faults by line, and how many there are: ids and paths that the file has twice, and
-- paths that units outside the file have.
SELECT line, named_column, code, facts, count(*) OVER () AS found
  FROM (
    SELECT line, 'unit_id' AS named_column, 'twice' AS code,
           jsonb_build_object('value', unit_id, 'first', first) AS facts
      FROM (SELECT line, unit_id, min(line) OVER (PARTITION BY unit_id) AS first FROM unit_row)
           AS row
     WHERE line <> first
    UNION ALL
    SELECT line, 'path', 'twice', jsonb_build_object('value', path, 'first', first)
      FROM (SELECT line, path, min(line) OVER (PARTITION BY path_key) AS first FROM unit_row)
           AS row
     WHERE line <> first
    UNION ALL
    SELECT row.line, 'path', 'path-taken', jsonb_build_object('unit', taken.unit_id)
      FROM unit_row AS row JOIN units AS taken USING (path_key)
     WHERE NOT EXISTS (SELECT FROM unit_row AS own WHERE own.unit_id = taken.unit_id)
  ) AS fault
 ORDER BY line, named_column DESC
 LIMIT 20;

-- name: count_unit_rows()$
-- Rows of the file.
SELECT count(*) FROM unit_row;

-- name: drop_known_units()!
-- Leaves the rows whose unit is new or not as it is known.
DELETE FROM unit_row AS row
 USING units AS known
 WHERE known.unit_id = row.unit_id AND (known.path, known.staff) = (row.path, row.staff);

-- name: keep_unit_rows()!
-- The units of the rows that are left.
INSERT INTO units (unit_id, path, path_key, staff)
SELECT unit_id, path, path_key, staff FROM unit_row
ON CONFLICT (unit_id) DO UPDATE
   SET path = excluded.path, path_key = excluded.path_key, staff = excluded.staff;

-- name: unit_rows_after(after, most)
-- The rows that are left, in the file's order.
SELECT line, unit_id, path, staff FROM unit_row WHERE line > :after ORDER BY line LIMIT :most;

-- name: keep_units(unit_ids, paths, path_keys, staff)!
-- New units, and what changed of those known.
INSERT INTO units (unit_id, path, path_key, staff)
SELECT * FROM unnest(:unit_ids::text[], :paths::text[], :path_keys::text[], :staff::integer[])
ON CONFLICT (unit_id) DO UPDATE
   SET path = excluded.path, path_key = excluded.path_key, staff = excluded.staff;

-- name: page_of_units(after, limit)
-- Units in order of id.
SELECT unit_id, path, staff FROM units WHERE unit_id > :after ORDER BY unit_id LIMIT :limit;

-- name: lock_listing_ids()!
-- One import of vacancies at a time: whether another round used a listing id stays as it is until
-- the end.
SELECT pg_advisory_xact_lock(hashtext('vacancies'));

-- name: make_listing_rows()#
-- A table for the rows of a file of vacancies, which lasts as long as the transaction: the file's
-- columns, the policy's code of the need, the path without case and surplus blanks, and the id that
-- the vacancy has where another round used its listing id.
CREATE TEMPORARY TABLE listing_row (
    line integer,
    formasi_id text,
    ins_nm text,
    jp_nama text,
    formasi_nm text,
    jabatan_nm text,
    lokasi_nm text,
    jumlah_formasi integer,
    disable text,
    gaji_min integer,
    gaji_max integer,
    jenjang_studi text,
    program_studi text,
    need text,
    path_key text,
    own_id text
) ON COMMIT DROP;

-- name: index_listing_rows()#
-- Before its rows are compared with each other. `listing_first` is the first row of each vacancy.
CREATE INDEX ON listing_row (formasi_id, line);
ANALYZE listing_row;
CREATE TEMPORARY TABLE listing_first ON COMMIT DROP AS
SELECT DISTINCT ON (formasi_id) * FROM listing_row ORDER BY formasi_id, line;
ANALYZE listing_first;

-- name: listing_faults()
-- The first faults by line, and how many there are: units and needs that are not known (said once
-- for each vacancy), rows of one vacancy that differ in more than the programme, and programmes
-- that a vacancy has twice.
SELECT line, named_column, code, facts, count(*) OVER () AS found
  FROM (
    SELECT line, 'lokasi_nm' AS named_column, 'unknown-unit' AS code,
           jsonb_build_object('path', lokasi_nm) AS facts
      FROM listing_first AS first
     WHERE NOT EXISTS (SELECT FROM units WHERE units.path_key = first.path_key)
    UNION ALL
    SELECT line, 'formasi_nm', 'unknown-need', jsonb_build_object('need', formasi_nm)
      FROM listing_first
     WHERE need IS NULL
    UNION ALL
    SELECT row.line, pair.named_column, 'rows-differ',
           jsonb_build_object('listing', row.formasi_id, 'value', pair.value,
                              'before', pair.before, 'first', first.line)
      FROM listing_row AS row
      JOIN listing_first AS first USING (formasi_id)
     CROSS JOIN LATERAL (
        VALUES ('ins_nm', row.ins_nm, first.ins_nm),
               ('jp_nama', row.jp_nama, first.jp_nama),
               ('formasi_nm', row.formasi_nm, first.formasi_nm),
               ('jabatan_nm', row.jabatan_nm, first.jabatan_nm),
               ('lokasi_nm', row.lokasi_nm, first.lokasi_nm),
               ('jumlah_formasi', row.jumlah_formasi::text, first.jumlah_formasi::text),
               ('disable', row.disable, first.disable),
               ('gaji_min', row.gaji_min::text, first.gaji_min::text),
               ('gaji_max', row.gaji_max::text, first.gaji_max::text)
     ) AS pair (named_column, value, before)
     WHERE pair.value <> pair.before
    UNION ALL
    SELECT line, 'program_studi', 'twice',
           jsonb_build_object('value', program_studi, 'first', first)
      FROM (SELECT line, program_studi,
                   min(line) OVER (PARTITION BY formasi_id, jenjang_studi, program_studi) AS first
              FROM listing_row) AS row
     WHERE line <> first
  ) AS fault
 ORDER BY line, named_column
 LIMIT 20;

-- name: gather_listing()#
-- The vacancies of the file, each with all its programmes in the file's order.
CREATE TEMPORARY TABLE listing_vacancy ON COMMIT DROP AS
SELECT first.formasi_id AS listing_id, first.formasi_id AS vacancy_id, first.own_id,
       first.ins_nm AS agency,
       first.jabatan_nm AS post, unit.unit_id, first.need,
       first.jumlah_formasi AS seats, first.disable = '1' AS open_to_disabled,
       first.gaji_min AS pay_min, first.gaji_max AS pay_max, programmes.education, programmes.rows
  FROM listing_first AS first
  JOIN units AS unit USING (path_key)
  JOIN (SELECT formasi_id, count(*) AS rows,
               jsonb_agg(jsonb_build_object('level', jenjang_studi, 'programme', program_studi)
                         ORDER BY line) AS education
          FROM listing_row
         GROUP BY formasi_id) AS programmes USING (formasi_id);
CREATE UNIQUE INDEX ON listing_vacancy (listing_id);
ANALYZE listing_vacancy;

-- name: name_listing(round_id)!
-- Vacancies whose listing id is the vacancy id in another round have an id of their own.
UPDATE listing_vacancy AS file SET vacancy_id = file.own_id
  FROM vacancies AS used
 WHERE used.vacancy_id = file.listing_id AND used.round_id <> :round_id;

-- name: compare_with_draft(round_id, replace)^
-- What the file brings to the round's draft.
SELECT coalesce(sum(file.rows), 0)::bigint AS rows, count(file.listing_id) AS vacancies,
       count(*) FILTER (WHERE known.listing_id IS NULL) AS added,
       count(*) FILTER (
           WHERE (file.agency, file.post, file.unit_id, file.need, file.seats,
                  file.open_to_disabled, file.pay_min, file.pay_max, file.education)
              <> (known.agency, known.post, known.unit_id, known.need, known.seats,
                  known.open_to_disabled, known.pay_min, known.pay_max, known.education)
       ) AS changed,
       count(*) FILTER (WHERE file.listing_id IS NULL AND :replace) AS removed
  FROM listing_vacancy AS file
  FULL JOIN (SELECT * FROM vacancies WHERE round_id = :round_id) AS known USING (listing_id);

-- name: add_draft_to_listing(round_id)!
-- The vacancies of the draft that the file does not name stay.
INSERT INTO listing_vacancy (listing_id, vacancy_id, agency, post, unit_id, need, seats,
                             open_to_disabled, pay_min, pay_max, education)
SELECT listing_id, vacancy_id, agency, post, unit_id, need, seats, open_to_disabled, pay_min,
       pay_max, education
  FROM vacancies
 WHERE round_id = :round_id
ON CONFLICT DO NOTHING;

-- name: keep_listing(round_id)!
-- Makes these vacancies the round's draft, numbered in order of listing id.
INSERT INTO vacancies (round_id, vacancy_id, listing_id, number, agency, post, unit_id, need, seats,
                       open_to_disabled, pay_min, pay_max, education)
SELECT :round_id, vacancy_id, listing_id, row_number() OVER (ORDER BY listing_id COLLATE "C"),
       agency, post, unit_id, need, seats, open_to_disabled, pay_min, pay_max, education
  FROM listing_vacancy;

-- name: draft_total(round_id)^
-- Vacancies and seats of a round.
SELECT count(*) AS draft_vacancies, coalesce(sum(seats), 0) AS seats
  FROM vacancies
 WHERE round_id = :round_id;

-- name: drop_draft(round_id)!
-- Takes away what an earlier import left.
DELETE FROM vacancies WHERE round_id = :round_id AND NOT published;

-- name: keep_draft(round_id, vacancies)!
-- The vacancies of a round before they are published, as VacancyPublished states them.
INSERT INTO vacancies (round_id, vacancy_id, listing_id, number, agency, post, unit_id, need, seats,
                       open_to_disabled, pay_min, pay_max, education)
SELECT :round_id, vacancy_id, listing_id, number, agency, post, unit_id, need, seats,
       open_to_disabled, pay_min, pay_max, education
  FROM jsonb_to_recordset(:vacancies::jsonb)
       AS draft (vacancy_id text, listing_id text, number integer, agency text, post text,
                 unit_id text, need text, seats integer, open_to_disabled boolean, pay_min integer,
                 pay_max integer, education jsonb);

-- name: seats_by_need(round_id)
-- Seats of a round's vacancies by kind of need.
SELECT need, sum(seats) AS seats FROM vacancies WHERE round_id = :round_id GROUP BY need;

-- name: publish_vacancies(round_id)!
-- All vacancies of the round are public.
UPDATE vacancies SET published = true WHERE round_id = :round_id;

-- name: mark_round_published(round_id, at)!
-- The round's vacancies are public since then.
UPDATE rounds SET published_at = :at WHERE round_id = :round_id;

-- name: mark_published(vacancy_ids)!
-- These vacancies are public.
UPDATE vacancies SET published = true WHERE vacancy_id = ANY(:vacancy_ids::text[]);

-- name: vacancy_shown(vacancy_id, drafts)^
-- One vacancy; a draft only where asked for.
SELECT vacancy.*, unit.path AS unit_path
  FROM vacancies AS vacancy JOIN units AS unit USING (unit_id)
 WHERE vacancy_id = :vacancy_id AND (published OR :drafts);

-- name: page_of_vacancies(round_id, drafts, after, limit)
-- Vacancies of a round in order of number; drafts only where asked for.
SELECT vacancy.*, unit.path AS unit_path
  FROM vacancies AS vacancy JOIN units AS unit USING (unit_id)
 WHERE round_id = :round_id AND (published OR :drafts) AND number > :after
 ORDER BY number
 LIMIT :limit;
