#!/bin/sh
# Makes the role that the service works under; what it may do is granted by `gateway init --grant-to`.
set -eu
psql --set ON_ERROR_STOP=1 --set password="$(cat /run/secrets/service-password)" \
  --username "$POSTGRES_USER" --dbname "$POSTGRES_DB" <<'SQL'
CREATE ROLE gateway_service LOGIN PASSWORD :'password' NOSUPERUSER NOCREATEDB NOCREATEROLE;
SQL
