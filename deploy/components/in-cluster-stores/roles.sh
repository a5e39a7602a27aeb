#!/bin/sh
# For each service a database, a role that owns it and migrates, and a role that may only
# read and write what the first one makes. On a PostgreSQL of one's own the same is done
# with passwords that nobody else knows.
set -eu

for name in identity practitioner_directory consent audit; do
    # The Secrets are named as the services: with a hyphen.
    secrets="/run/secrets/$(echo "$name" | tr _ -)"
    psql --set=ON_ERROR_STOP=1 --quiet --dbname=postgres \
        --set=name="$name" --set=migrator="${name}_migrator" \
        --set=password="$(cat "$secrets-database/password")" \
        --set=migrators_password="$(cat "$secrets-migrator/password")" <<'SQL'
CREATE ROLE :"migrator" LOGIN PASSWORD :'migrators_password';
CREATE ROLE :"name" LOGIN PASSWORD :'password';
CREATE DATABASE :"name" OWNER :"migrator";
REVOKE ALL ON DATABASE :"name" FROM PUBLIC;
GRANT CONNECT ON DATABASE :"name" TO :"name";
\connect :"name"
ALTER DEFAULT PRIVILEGES FOR ROLE :"migrator" GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO :"name";
ALTER DEFAULT PRIVILEGES FOR ROLE :"migrator" GRANT USAGE ON SEQUENCES TO :"name";
SQL
done
