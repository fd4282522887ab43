# Programs that are wrong on purpose: tests/fault/mutants/<name>.sed changes one file of the source,
# and says in its first line which one, which test has to notice, and what is wrong:
#
#	# log/append.c t220: nothing is synced
#	# log/segment.c test_append/a_short_transfer*: a short read is taken for the end
#
# A script that changes nothing any more fails the build. The changed object stands before the libraries, so that the linker takes nothing of the sound one.
file(GLOB mutants CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/mutants/*.sed)
set(list "")
foreach(script ${mutants})
	get_filename_component(name ${script} NAME_WE)
	file(STRINGS ${script} first LIMIT_COUNT 1)
	string(REGEX MATCH "^# ([^ ]+) ([^ ]+): (.*)$" fits "${first}")
	if(NOT fits)
		message(FATAL_ERROR "${script}: the first line does not say what it is about")
	endif()
	set(file ${CMAKE_MATCH_1})
	set(test ${CMAKE_MATCH_2})
	set(title ${CMAKE_MATCH_3})
	set(changed ${CMAKE_CURRENT_BINARY_DIR}/mutants/${name}/${file})
	set(sound ${PROJECT_SOURCE_DIR}/src/${file})
	get_filename_component(dir ${changed} DIRECTORY)
	file(MAKE_DIRECTORY ${dir})
	add_custom_command(OUTPUT ${changed}
		COMMAND sh -c "sed -E -f \"$1\" \"$2\" >\"$3\" && ! cmp -s \"$2\" \"$3\""
			sh ${script} ${sound} ${changed}
		DEPENDS ${script} ${sound} VERBATIM)
	string(REGEX REPLACE "/.*" "" like ${test})
	if(test MATCHES "^t[0-9]")
		set(like fault-driver)
	endif()
	get_target_property(sources ${like} SOURCES)
	get_target_property(source_dir ${like} SOURCE_DIR)
	get_target_property(libraries ${like} LINK_LIBRARIES)
	get_target_property(options ${like} LINK_OPTIONS)
	list(TRANSFORM sources PREPEND ${source_dir}/ REGEX "^[^/]")
	add_executable(mutant-${name} ${changed} ${sources})
	target_include_directories(mutant-${name} PRIVATE ${PROJECT_SOURCE_DIR}/tests)
	target_link_libraries(mutant-${name} PRIVATE ${libraries})
	if(options)
		target_link_options(mutant-${name} PRIVATE ${options})
	endif()
	string(APPEND list "${name} ${test} ${title}\n")
endforeach()
file(WRITE ${CMAKE_CURRENT_BINARY_DIR}/mutants/list "${list}")
