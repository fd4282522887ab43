# Compile by way of ccache where it is there, unless somebody has said otherwise or the compiler is
# ccache already, as a link of its name.
if(NOT DEFINED CMAKE_C_COMPILER_LAUNCHER)
	find_program(MINSKY_CCACHE ccache DOC "remembers what was compiled; OFF: compile all anew")
	file(REAL_PATH "${CMAKE_C_COMPILER}" compiler)
	if(MINSKY_CCACHE AND NOT compiler MATCHES "/ccache$")
		set(CMAKE_C_COMPILER_LAUNCHER ${MINSKY_CCACHE})
	endif()
endif()
