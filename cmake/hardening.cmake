# What makes an error of memory end the program instead of doing somebody's work. It is in every
# build type but those with sanitizers, which do it better; _FORTIFY_SOURCE needs an optimiser.
include(CheckPIESupported)
include(CheckCCompilerFlag)
check_pie_supported(LANGUAGES C)
# For a program whose link options say themselves that it is static: no -pie beside them.
function(minsky_static name)
	set_property(TARGET ${name} PROPERTY POSITION_INDEPENDENT_CODE)
	target_compile_options(${name} PRIVATE -fPIE)
endfunction()

set(MINSKY_OPTIMISED "$<CONFIG:Release,RelWithDebInfo,MinSizeRel>")
if(MINSKY_SANITIZE)
	return()
endif()

# The last two belong to one kind of processor each.
foreach(flag -fstack-protector-strong -fstack-clash-protection -fcf-protection
		-mbranch-protection=standard)
	string(MAKE_C_IDENTIFIER "MINSKY_HAVE${flag}" have)
	check_c_compiler_flag("-Werror ${flag}" ${have})
	if(${have})
		target_compile_options(minsky_flags INTERFACE ${flag})
	endif()
endforeach()
if(NOT CMAKE_C_FLAGS MATCHES "_FORTIFY_SOURCE")
	target_compile_options(minsky_flags INTERFACE
		"$<${MINSKY_OPTIMISED}:SHELL:-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2>")
endif()
add_link_options(LINKER:-z,relro,-z,now,-z,noexecstack)
