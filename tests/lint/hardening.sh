#!/bin/sh
# What was built is hardened: programs and modules, whatever the build type; and minsky-hook is static
# if it was to be.
set -u
build=${MINSKY_BUILD:?}
cd "$build" || exit 1
bad=0

cached() { # VARIABLE
	sed -n "s/^$1:[A-Z]*=//p" CMakeCache.txt
}

case $(cached MINSKY_SANITIZE) in
ON)
	echo 'sanitizers are there instead'
	exit 77
	;;
esac
command -v readelf >/dev/null || {
	echo 'there is no readelf'
	exit 77
}

need() { # FILE WHAT REGEX: in what readelf says
	grep -Eq "$3" facts || {
		echo "$1: $2"
		bad=1
	}
}
refuse() { # FILE WHAT REGEX
	! grep -Eq "$3" facts || {
		echo "$1: $2"
		bad=1
	}
}

work=$(mktemp -d "${TMPDIR:-/tmp}/minsky-hardening.XXXXXX") || exit 1
trap 'rm -rf "$work"' EXIT
everywhere() { # FILE
	need "$1" 'is not position-independent' 'Type: +DYN '
	need "$1" 'binds symbols late' 'BIND_NOW|FLAGS_1.* NOW'
	need "$1" 'has no read-only relocations' '^ +GNU_RELRO '
	need "$1" 'does not say what its stack is' '^ +GNU_STACK '
	refuse "$1" 'has an executable stack' '^ +GNU_STACK .* RWE '
	refuse "$1" 'has a segment to be written and executed' '^ +LOAD .* RWE '
	refuse "$1" 'relocates its code' 'TEXTREL'
	refuse "$1" 'looks for libraries beside the usual places' 'R(UN)?PATH'
}
look() { # FILE
	[ -f "$build/$1" ] || {
		echo "$1 has not been built"
		bad=1
		return 1
	}
	readelf -hldW "$build/$1" >facts 2>&1
	readelf -sW "$build/$1" >symbols 2>&1
	everywhere "$1"
}

cd "$work" || exit 1
type=$(cd "$build" && cached CMAKE_BUILD_TYPE)
programs=src/cli/minsky
case $(cd "$build" && cached MINSKY_HOOK_ONLY) in ON) programs= ;; esac
for file in $programs $(cd "$build" && find . -path './modules/*.so'); do
	look "$file" || continue
	cp symbols facts
	need "$file" 'does not guard its stack' ' __stack_chk_fail'
	case $type in
	Release | RelWithDebInfo | MinSizeRel)
		need "$file" 'does not check the sizes of buffers' ' __[a-z]+_chk(@|$| )'
		;;
	esac
done

hook=src/hooks/minsky-hook
if look $hook; then
	case $(cd "$build" && cached MINSKY_STATIC_HOOK) in
	ON)
		refuse $hook 'needs a library' 'NEEDED'
		refuse $hook 'needs a loader' '^ +INTERP '
		;;
	esac
	# Six copies of it go into every workspace.
	case $type in
	Release | RelWithDebInfo | MinSizeRel)
		cp symbols facts
		refuse $hook 'is not stripped' "Symbol table '\\.symtab'"
		;;
	esac
fi

# The linker drops this note as soon as one object, of the C library say, is without it.
case $(readelf -h "$build/$hook" 2>/dev/null) in
*X86-64*)
	for archive in src/core/libcore.a hook/src/core/libcore.a; do
		[ -f "$build/$archive" ] || continue
		readelf -nW "$build/$archive" >notes 2>/dev/null
		objects=$(grep -c '^File: ' notes)
		marked=$(grep -c 'x86 feature: IBT, SHSTK' notes)
		if [ "$objects" -eq 0 ] || [ "$objects" -ne "$marked" ]; then
			echo "$marked of $objects objects in $archive enforce control flow"
			bad=1
		fi
	done
	;;
esac
exit $bad
