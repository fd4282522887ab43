#!/bin/sh
# The direction of dependence (doc/architecture.md): who may include whom, where each foreign
# header lives, and what minsky-hook is linked with.
set -u
cd "${MINSKY_SOURCE:-$(dirname "$0")/../..}/src" || exit 1
bad=0

deny() { # FOLDER REGEX-OF-INCLUDES
	if grep -Ern --include='*.[ch]' \
		"^[[:space:]]*#[[:space:]]*include[[:space:]]*[\"<](\.\./)*($2)" "$1"; then
		echo "$1 must not include these"
		bad=1
	fi
}

home() { # HEADER-REGEX FILE...
	header=$1
	shift
	for file in */*.[ch] */*/*.[ch]; do
		case " $* " in *" $file "*) continue ;; esac
		if grep -En "^[[:space:]]*#[[:space:]]*include[[:space:]]*[\"<]($header)[\">]" "$file"; then
			echo "$file: this header belongs to $* alone"
			bad=1
		fi
	done
}

upper='repo/|session/|history/|cli/'
deny core "log/|backends/|git/|hooks/|$upper"
# The files of git are read by what knows nothing of events, sessions and settings.
deny core/gitfiles 'core/(backend|config|event|json|names|repo_file|session|trust)'
deny log "backends/|git/|hooks/|$upper"
deny backends "log/|git/|hooks/|$upper"
deny git "log/|backends/|hooks/|$upper"
deny repo 'session/|history/|cli/'
deny session 'history/|cli/'
deny history 'session/|cli/'
deny hooks "backends/|git/|$upper"
deny hooks/observe 'hooks/install/|hooks/program/'
deny hooks/install 'hooks/observe/|hooks/program/'

# git's argument vectors are written in src/git alone.
if grep -nE 'struct git_cmd|GIT_(WORDS?|OID|REFSPEC)\(' repo/*.[ch] session/*.[ch] history/*.[ch] cli/*.[ch]; then
	echo 'git is spoken in src/git only'
	bad=1
fi

home 'dirent\.h' core/dir.h core/gitfiles/refs.c hooks/observe/linked.c log/segment.c
home '([^">]*/)?cJSON\.h' core/json.c
home 'yaml\.h' core/config_yaml.c
home 'git2(/[^">]*)?\.h' git/*.[ch]
home 'sqlite3\.h' backends/sqlite*.[ch]
home '([^">]*/)?libpq-fe\.h' backends/postgres*.[ch]

hook=${MINSKY_BUILD:-}/src/hooks/minsky-hook
if [ -x "$hook" ]; then
	if readelf -d "$hook" | grep -E 'NEEDED.*lib(git2|sqlite3|pq|cjson|yaml|md)[.-]'; then
		echo 'minsky-hook must not need these libraries'
		bad=1
	fi
elif [ -n "${MINSKY_BUILD:-}" ]; then
	echo "'$hook' has not been built"
	bad=1
fi
exit $bad
