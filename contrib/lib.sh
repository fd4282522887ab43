# shellcheck shell=sh disable=SC2034,SC2154
# lib.sh - what quickstart, test and uninstall share. The caller has set $top, the source tree.

yes=
build_targets=
# Tools are found by their command, whoever installed them; libraries by their package.
build_packages='cmake=cmake git=git gcc=cc make=make pkg-config=pkg-config libc6-dev
	musl-tools=musl-gcc libcjson-dev libyaml-dev libgit2-dev libsqlite3-dev libpq-dev'
test_packages='clang-14=clang clang=clang libclang-rt-14-dev llvm-14=llvm-symbolizer-14
	libcmocka-dev ninja-build=ninja binutils=readelf dash=dash jq=jq procps=pgrep
	openssh-client=ssh-keygen gnupg=gpg
	git-lfs=git-lfs pre-commit=pre-commit nodejs=node npm=npm
	zsh=zsh fish=fish systemd=systemd-analyze
	postgresql postgresql-client=psql pgbouncer openssl=openssl'
# The tree's own rules are checked with these; without one its check is skipped, and says so.
lint_packages='gcc-i686-linux-gnu=i686-linux-gnu-gcc gcc-aarch64-linux-gnu=aarch64-linux-gnu-gcc
	gcc-s390x-linux-gnu=s390x-linux-gnu-gcc clang-tidy-14=clang-tidy-14
	clang-format-14=clang-format-14 shellcheck=shellcheck mandoc=mandoc'
# The same for breaking things on purpose.
fault_packages='strace=strace fiu-utils=fiu-run e2fsprogs=mkfs.ext4 valgrind=valgrind'

say() {
	printf '%s\n' "$*"
}

die() {
	printf '%s: %s\n' "${0##*/}" "$*" >&2
	exit 1
}

missing_packages() { # PACKAGE[=COMMAND]...
	for item; do
		package=${item%%=*}
		case $item in
		*=*) ! command -v "${item#*=}" >/dev/null 2>&1 || continue ;;
		esac
		case $(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null) in
		installed) ;;
		*) printf '%s ' "$package" ;;
		esac
	done
}

apt_install() { # SUDO PACKAGE...
	sudo=$1
	shift
	# shellcheck disable=SC2086 # $sudo is empty, or a command and its option
	{
		# A machine that has never seen a list of packages, or an old one, gets the list first.
		apt-get install -s "$@" >/dev/null 2>&1 || $sudo apt-get update -q || return
		$sudo env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends "$@" ||
			{
				$sudo apt-get update -q &&
					$sudo env DEBIAN_FRONTEND=noninteractive \
						apt-get install -q -y --no-install-recommends "$@"
			}
	}
}

# Install what is missing of a list; says what, and asks before it uses sudo.
need_packages() { # PURPOSE PACKAGE[=COMMAND]...
	purpose=$1
	shift
	if ! command -v dpkg-query >/dev/null 2>&1 || ! command -v apt-get >/dev/null 2>&1; then
		say "This is not a Debian system: install what $purpose needs yourself ($*)."
		return
	fi
	missing=$(missing_packages "$@")
	missing=${missing% }
	if [ -z "$missing" ]; then
		say "All packages that $purpose needs are installed."
		return
	fi
	say "Missing packages that $purpose needs: $missing"
	command="apt-get install --no-install-recommends $missing"
	sudo=
	if [ "$(id -u)" -ne 0 ]; then
		command -v sudo >/dev/null 2>&1 || die "run this as root, then start again: $command"
		sudo='sudo'
		if [ -n "$yes" ]; then
			[ -t 0 ] || sudo='sudo -n'
		elif [ -t 0 ]; then
			printf 'Run "sudo %s"? [y/N] ' "$command"
			read -r answer || answer=
			case $answer in
			[yY] | [yY][eE][sS]) ;;
			*) die "nothing was installed; the command is: sudo $command" ;;
			esac
		else
			die "there is no terminal to ask on; run this, or give --yes: sudo $command"
		fi
	fi
	# shellcheck disable=SC2086 # a list of names
	apt_install "$sudo" $missing || die "cannot install: $missing"
}

# A place to build in: of the tree if it may be written to, else of the user's cache.
build_place() { # NAME
	if [ -w "$top" ] && { [ ! -e "$top/build" ] || [ -w "$top/build" ]; }; then
		printf '%s\n' "$top/build/$1"
	else
		printf '%s\n' "${XDG_CACHE_HOME:-$HOME/.cache}/minsky/build/$1"
	fi
}

cache_value() { # DIR VARIABLE
	sed -n "s/^$2:[A-Z]*=//p" "$1/CMakeCache.txt" 2>/dev/null
}

# Configure a preset and build it. A build directory keeps its generator; one that was made for
# another tree, or by another user, starts anew. $build_targets is all of it unless it says what.
build_preset() { # PRESET DIR [CMAKE-ARGUMENT...]
	preset=$1
	place=$2
	shift 2
	if [ ! -f "$place/build.ninja" ] && [ ! -f "$place/Makefile" ]; then
		set -- --fresh "$@"
	elif [ "$(cache_value "$place" CMAKE_HOME_DIRECTORY)" != "$top" ]; then
		set -- --fresh "$@"
	fi
	if [ -f "$place/build.ninja" ] || { [ ! -f "$place/Makefile" ] && command -v ninja >/dev/null; }; then
		set -- -G Ninja "$@"
	else
		set -- -G 'Unix Makefiles' "$@"
	fi
	mkdir -p "$place" || return
	if ! (cd "$top" && cmake --preset "$preset" -B "$place" "$@") >"$place/configure.log" 2>&1; then
		cat "$place/configure.log"
		return 1
	fi
	# shellcheck disable=SC2086 # a list of names
	if ! cmake --build "$place" --parallel "$(nproc 2>/dev/null || echo 2)" \
		${build_targets:+--target $build_targets} >"$place/build.log" 2>&1; then
		tail -n 60 "$place/build.log"
		return 1
	fi
}
