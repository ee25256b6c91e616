#!/bin/sh
# Runs once, when the PostgreSQL of compose makes its data: the role that owns all tables, and a
# role and a database for each service.
set -e
known="^(POSTGRES_|)PASSWORD(_[A-Z]+|)=demonstration"
if [ "$TERANG_PROVINCE" != 99 ] && printenv | grep -Eq "$known"; then
  echo "A password is the demonstration's, which everyone knows: give this province its own." >&2
  exit 1
fi
short=$(printenv | sed -nE 's/^((POSTGRES_|)PASSWORD(_[A-Z]+|))=.{0,15}$/\1/p' | sort | xargs)
if [ "$TERANG_PROVINCE" != 99 ] && [ -n "$short" ]; then
  echo "Fewer than 16 characters: $short. openssl rand -hex 24 makes a password." >&2
  exit 1
fi
for service in applications exams ranking feedback; do
  password=$(printenv "PASSWORD_$(echo $service | tr a-z A-Z)")
  psql -v ON_ERROR_STOP=1 -U postgres -d postgres -q -v name=$service -v password="$password" \
    -v owner_password="$PASSWORD_OWNER" -f /terang/database.sql
done
