# This tree configured for minsky-hook alone (MINSKY_HOOK_ONLY), by the build of everything else
# and with a compiler that links musl. musl-gcc knows no directory but musl's own; the kernel's
# headers are in the system's, behind it.
target_compile_options(minsky_flags INTERFACE
	"SHELL:-idirafter /usr/include"
	"SHELL:-idirafter /usr/include/${MINSKY_LIBRARY_ARCHITECTURE}"
	# musl's headers do not tell the optimiser as much as glibc's do.
	-Wno-maybe-uninitialized)
