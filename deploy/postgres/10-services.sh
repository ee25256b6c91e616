#!/bin/sh
# Runs once, when the PostgreSQL of compose makes its data: the role that owns all tables, and a
# role and a database for each service.
set -e
for service in applications exams ranking feedback; do
  password=$(printenv "PASSWORD_$(echo $service | tr a-z A-Z)")
  psql -v ON_ERROR_STOP=1 -U postgres -d postgres -q -v name=$service -v password="$password" \
    -v owner_password="$PASSWORD_OWNER" -f /terang/database.sql
done
