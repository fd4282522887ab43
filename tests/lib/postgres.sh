# shellcheck shell=sh
# postgres.sh - throw-away PostgreSQL servers for tests: real ones, each in a directory of its own.
#
#	pg_place NAME		make a directory for one and say where: in memory where there is room
#	pg_start DIR		make and start a server whose files are in DIR (made here)
#	pg_stop DIR		stop it and remove DIR
#	pg_halt DIR / pg_resume DIR	stop and start it, keeping its data
#	pg_reload DIR		have its configuration read again
#	pg_database DIR NAME	a database that has the schema and the members
#	pg_admin DIR NAME SQL	run SQL in a database as superuser; answers without decoration
#
# It listens on a socket in DIR (everybody is trusted) and on a free port of 127.0.0.1 (passwords,
# TLS offered; the role "denied" is refused by pg_hba.conf). $DIR/env says where, for the shell.
# fsync is off. initdb refuses root, so then everything runs as the user postgres.
#
# Login roles of the cluster, password "secret of <role>": ana, bea and carl are members of every
# database, kim is a member and keeper, aud an auditor, eve has the grants of a member but no
# membership, out has nothing.

. "$MINSKY_SOURCE/tests/lib/place.sh"

# A socket's path has to be short, and the user postgres has to get there: no $TMPDIR.
pg_place() { # NAME
	mktemp -d "$(test_memory || echo /tmp)/minsky-$1.XXXXXX"
}

pg_bin() {
	if [ -z "${pg_bin_found:-}" ]; then
		for pg_dir in /usr/lib/postgresql/*/bin $(pg_config --bindir 2>/dev/null); do
			[ ! -x "$pg_dir/initdb" ] || pg_bin_found=$pg_dir
		done
	fi
	[ -n "${pg_bin_found:-}" ] || {
		echo 'postgres.sh: no PostgreSQL server is installed' >&2
		return 1
	}
	printf '%s\n' "$pg_bin_found"
}

# A command as the user that the server runs as, in a place that this user may be in.
pg_as() { # COMMAND [ARGUMENT...]
	if [ "$(id -u)" -eq 0 ]; then
		(cd / && exec runuser -u postgres -- "$@")
	else
		(cd / && exec "$@")
	fi
}

pg_certificates() { # DIR
	(
		cd "$1" && umask 077 &&
			openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes \
				-subj '/CN=minsky test authority' -days 30 -keyout ca.key -out ca.crt &&
			openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes \
				-subj '/CN=localhost' -keyout server.key -out server.csr &&
			openssl x509 -req -in server.csr -CA ca.crt -CAkey ca.key -CAcreateserial \
				-days 30 -out server.crt && chmod 644 ca.crt server.crt
	) >"$1/certificates.log" 2>&1
}

pg_configure() { # DIR
	cat >>"$1/data/postgresql.conf" <<-END
		unix_socket_directories = '$1'
		listen_addresses = '127.0.0.1'
		fsync = off
		full_page_writes = off
		max_connections = 100
		timezone = 'UTC'
		logging_collector = off
		log_line_prefix = '%m [%p] %u@%d '
		ssl = on
		ssl_cert_file = '$1/server.crt'
		ssl_key_file = '$1/server.key'
		max_wal_size = '1GB'
	END
	cat >"$1/data/pg_hba.conf" <<-'END'
		local all all trust
		host all denied all reject
		host all all 127.0.0.1/32 scram-sha-256
		local replication all trust
	END
}

pg_launch() { # DIR PORT
	pg_as "$pg_bin_found/pg_ctl" -D "$1/data" -o "-p $2" -l "$1/log" -w -t 60 -s start
}

# Ports are taken and freed by others all the time: try some.
pg_find_port() { # DIR
	pg_try=0
	while [ $pg_try -lt 20 ]; do
		pg_port=$((20000 + $(od -An -N2 -tu2 /dev/urandom) % 12000))
		if pg_launch "$1" "$pg_port" >"$1/launch.log" 2>&1; then
			printf '%s\n' "$pg_port"
			return
		fi
		pg_try=$((pg_try + 1))
	done
	cat "$1/launch.log" "$1/log" >&2
	return 1
}

pg_roles() {
	for pg_role in ana bea carl kim aud eve out denied; do
		echo "create role $pg_role login password 'secret of $pg_role';"
	done
}

pg_start() { # DIR
	pg_bin >/dev/null || return
	mkdir -p "$1" && chmod 755 "$1" || return
	[ "$(id -u)" -ne 0 ] || chown postgres: "$1" || return
	pg_certificates "$1" || {
		cat "$1/certificates.log" >&2
		return 1
	}
	[ "$(id -u)" -ne 0 ] || chown postgres: "$1"/* || return
	pg_as "$pg_bin_found/initdb" -D "$1/data" -U postgres -A trust -E UTF8 --locale=C.UTF-8 \
		--no-sync >"$1/initdb.log" 2>&1 || {
		cat "$1/initdb.log" >&2
		return 1
	}
	pg_configure "$1" && pg_port=$(pg_find_port "$1") || return
	printf 'PG_DIR=%s\nPG_PORT=%s\n' "$1" "$pg_port" >"$1/env"
	pg_roles | psql -X -q -v ON_ERROR_STOP=1 -h "$1" -p "$pg_port" -U postgres -d postgres || return
	pg_template "$1"
}

# A database with the schema, copied for each test.
pg_template() { # DIR
	pg_admin "$1" postgres 'create database minsky_template' || return
	psql -X -q -v ON_ERROR_STOP=1 -h "$1" -p "$(pg_port "$1")" -U postgres -d minsky_template \
		-f "$MINSKY_SOURCE/src/backends/postgres_schema.sql" >"$1/schema.log" 2>&1 || {
		cat "$1/schema.log" >&2
		return 1
	}
	pg_admin "$1" minsky_template "
		select minsky.add_member(r, initcap(r)) from unnest(array['ana', 'bea', 'carl']) r;
		select minsky.add_member('kim', 'Kim', 'keeper'), minsky.add_member('aud', 'Aud', 'auditor');
		grant minsky_member to ana, bea, carl, eve;
		grant minsky_keeper to kim;
		grant minsky_auditor to aud;
	" >/dev/null
}

pg_port() { # DIR
	sed -n 's/^PG_PORT=//p' "$1/env"
}

pg_admin() { # DIR DATABASE SQL
	psql -X -q -A -t -v ON_ERROR_STOP=1 -h "$1" -p "$(pg_port "$1")" -U postgres -d "$2" -c "$3"
}

pg_database() { # DIR NAME
	pg_admin "$1" postgres "create database $2 template minsky_template"
}

pg_drop() { # DIR NAME
	pg_admin "$1" postgres "drop database if exists $2 with (force)"
}

pg_halt() { # DIR [MODE]
	pg_bin >/dev/null && pg_as "$pg_bin_found/pg_ctl" -D "$1/data" -m "${2:-fast}" -w -s stop
}

pg_resume() { # DIR
	pg_bin >/dev/null && pg_launch "$1" "$(pg_port "$1")" >"$1/launch.log" 2>&1
}

# Have the files of its configuration read again; a new connection shows that it has.
pg_reload() { # DIR
	pg_before=$(pg_admin "$1" postgres 'select pg_conf_load_time()') &&
		pg_bin >/dev/null && pg_as "$pg_bin_found/pg_ctl" -D "$1/data" reload >"$1/reload.log" || return
	pg_try=0
	while [ "$(pg_admin "$1" postgres 'select pg_conf_load_time()')" = "$pg_before" ]; do
		pg_try=$((pg_try + 1))
		[ $pg_try -lt 1000 ] || return
		sleep 0.01
	done
}

pg_stop() { # DIR
	[ -d "$1" ] || return 0
	[ ! -d "$1/data" ] || pg_halt "$1" immediate 2>/dev/null
	rm -rf "$1"
}

# pgbouncer in front of it, transaction mode, on a socket in DIR/bouncer at the same port.
pg_bouncer_start() { # DIR
	mkdir -p "$1/bouncer" || return
	for pg_role in postgres ana bea carl kim aud eve out; do
		echo "\"$pg_role\" \"\""
	done >"$1/bouncer/users"
	cat >"$1/bouncer/ini" <<-END
		[databases]
		* = host=$1 port=$(pg_port "$1")
		[pgbouncer]
		listen_addr =
		listen_port = $(pg_port "$1")
		unix_socket_dir = $1/bouncer
		auth_type = trust
		auth_file = $1/bouncer/users
		pool_mode = transaction
		default_pool_size = 3
		logfile = $1/bouncer/log
		pidfile = $1/bouncer/pid
	END
	[ "$(id -u)" -ne 0 ] || chown -R postgres: "$1/bouncer" || return
	PATH=$PATH:/usr/sbin pg_as pgbouncer -q -d "$1/bouncer/ini" >"$1/bouncer/start" 2>&1 || {
		cat "$1/bouncer/start" >&2
		return 1
	}
	pg_try=0
	until [ -S "$1/bouncer/.s.PGSQL.$(pg_port "$1")" ]; do
		pg_try=$((pg_try + 1))
		[ $pg_try -lt 100 ] || return
		sleep 0.05
	done
}

pg_bouncer_stop() { # DIR
	[ ! -f "$1/bouncer/pid" ] || kill "$(cat "$1/bouncer/pid")"
}

# How minsky names it; with a fourth word, through pgbouncer.
pg_url() { # DIR ROLE DATABASE [BOUNCER]
	echo "postgres://$2@/$3?host=$1${4:+/bouncer}&port=$(pg_port "$1")"
}

# The server of this run of ctest.
pg_shared() {
	cat "${MINSKY_TEST_POSTGRES:?}"
}
