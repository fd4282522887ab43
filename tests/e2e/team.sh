# shellcheck shell=sh
# team.sh - sourced behind lib.sh: several machines, which are homes of their own in one world.
#
#	machine NAME		make one, with a clone of $TRASH/seed.git as app; NAME is the user too
#	on NAME COMMAND...	run a command there, in its home
#	at NAME COMMAND...	run a command there, in its app
#	same NAME NAME		both list the same sessions and hold the same records

MINSKY_LINGER=0
export MINSKY_LINGER

on() { # NAME COMMAND [ARGUMENT...]
	on_name=$1
	shift
	(
		HOME=$TRASH/$on_name
		XDG_STATE_HOME=$HOME/state
		XDG_CONFIG_HOME=$HOME/config
		XDG_CACHE_HOME=$HOME/cache
		XDG_DATA_HOME=$HOME/data
		USER=$on_name
		LOGNAME=$on_name
		export HOME XDG_STATE_HOME XDG_CONFIG_HOME XDG_CACHE_HOME XDG_DATA_HOME USER LOGNAME
		cd "$HOME" && "$@"
	)
}

at() { # NAME COMMAND [ARGUMENT...]
	at_name=$1
	shift
	on "$at_name" in_app "$@"
}

in_app() {
	cd app && "$@"
}

machine() { # NAME
	mkdir -p "$TRASH/$1/state" "$TRASH/$1/config" && on "$1" git clone -q "$TRASH/seed.git" app
}

journal_of() { # NAME
	echo "$TRASH/$1/state/minsky/journal/"*
}

# The records, whoever wrote them and wherever they stand.
records_of() { # NAME
	at "$1" minsky journal log --json | jq -c 'del(.local, .own)' | LC_ALL=C sort
}

# On its own machine a session keeps its plain name, whoever else has it.
sessions_of() { # NAME
	at "$1" minsky session list --deleted --json |
		jq -S '[.sessions[] | del(.derived, .place) | .session |= sub("~[0-9a-f]{4}$"; "")]'
}

same() { # NAME NAME
	sessions_of "$1" >"$TRASH/same.a" && sessions_of "$2" >"$TRASH/same.b" &&
		cmp_files "$TRASH/same.a" "$TRASH/same.b" &&
		records_of "$1" >"$TRASH/same.a" && records_of "$2" >"$TRASH/same.b" &&
		cmp_files "$TRASH/same.a" "$TRASH/same.b"
}

# Each event once: nothing that git or a command told stands there twice.
once() { # NAME
	at "$1" minsky journal log --json | jq -r '[.origin, .seq] | @text' | LC_ALL=C sort | uniq -d \
		>"$TRASH/twice" && test ! -s "$TRASH/twice" &&
		at "$1" minsky journal log --json |
		jq -r 'select(.body.src) | .body.src | tojson' | LC_ALL=C sort | uniq -d >"$TRASH/twice" &&
		test ! -s "$TRASH/twice"
}

# Without asking minsky, which would exchange events.
commit_in() { # NAME SESSION MESSAGE
	ci_dir=$(echo "$TRASH/$1/state/minsky/sessions/"*"/$2") && echo "$3" >>"$ci_dir/file.$2" &&
		on "$1" git -C "$ci_dir" add "file.$2" && on "$1" git -C "$ci_dir" commit -q -m "$3"
}

# A copied disk has the same paths: what runs in the copy of a machine runs where the machine was.
copy_machine() { # NAME: its copy is $TRASH/NAME.copy
	rm -rf "$TRASH/$1.copy" && cp -a "$TRASH/$1" "$TRASH/$1.copy"
}

in_copy() { # NAME COMMAND [ARGUMENT...]
	ic_name=$1
	shift
	mv "$TRASH/$ic_name" "$TRASH/$ic_name.away" && mv "$TRASH/$ic_name.copy" "$TRASH/$ic_name" || return
	at "$ic_name" "$@"
	ic_status=$?
	mv "$TRASH/$ic_name" "$TRASH/$ic_name.copy" && mv "$TRASH/$ic_name.away" "$TRASH/$ic_name" &&
		return "$ic_status"
}
