# What src/core/libc.c has to make up for in this C library.
include(CheckSymbolExists)
set(CMAKE_REQUIRED_DEFINITIONS -D_GNU_SOURCE)
check_symbol_exists(renameat2 stdio.h MINSKY_HAVE_RENAMEAT2)
check_symbol_exists(close_range unistd.h MINSKY_HAVE_CLOSE_RANGE)
check_symbol_exists(statx sys/stat.h MINSKY_HAVE_STATX)
unset(CMAKE_REQUIRED_DEFINITIONS)
target_compile_definitions(minsky_flags INTERFACE
	$<$<NOT:$<BOOL:${MINSKY_HAVE_RENAMEAT2}>>:MINSKY_NO_RENAMEAT2>
	$<$<NOT:$<BOOL:${MINSKY_HAVE_CLOSE_RANGE}>>:MINSKY_NO_CLOSE_RANGE>
	$<$<NOT:$<BOOL:${MINSKY_HAVE_STATX}>>:MINSKY_NO_STATX>)
