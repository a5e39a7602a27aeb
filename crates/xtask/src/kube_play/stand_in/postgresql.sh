#!/bin/sh
# As the entrypoint of PostgreSQL's published image, as far as `dev` uses it: a new cluster is
# made, and what stands in /docker-entrypoint-initdb.d is run while nobody is let in from
# outside.
set -eu

if [ ! -s "$PGDATA/PG_VERSION" ]; then
    initdb --username=postgres --pwfile="$POSTGRES_PASSWORD_FILE" --encoding=UTF8 --locale=C \
        --auth-local=trust --auth-host=trust --no-sync --no-instructions
    echo 'host all all all scram-sha-256' >>"$PGDATA/pg_hba.conf"
    pg_ctl start -s -w -o '-c listen_addresses='
    for script in /docker-entrypoint-initdb.d/*.sh; do
        PGUSER=postgres PGHOST=/var/run/postgresql sh "$script"
    done
    pg_ctl stop -s -w
fi
exec "$@" -c listen_addresses='*' -c unix_socket_directories=/var/run/postgresql
