# Long tests begin first, so that none is alone at the end: seconds each takes, more or less, of one
# processor with sanitizers. A test that is not here is short. ctest itself remembers how long tests
# took in a build directory; this is for the first run.
set(test_costs
	"^postgres/start$" 500
	"^fault/t200-" 35
	"^fault/t600-" 30
	"^fault/t300-" 25
	"^fault/t(210|230|410)-" 14
	"^fault/test_append$" 40
	"^e2e/t1110-" 28
	"^fault/test_states$" 16
	"^fault/test_re" 13
	"^folds/" 12
	"^e2e/(t1000|t1100|t1300|t1320|t1407|t2000|t2010|t2011|t2150|t2151|t2152|t2153|t3000)-" 12
	"^unit/test_(facts|minsky_hook|torn_tail|verify)$" 10
	"^postgres/(t|test_)" 10
	"^backends/" 8
	"^e2e/" 6)

# To be called where tests are added: the cost of each in this directory.
function(set_test_costs)
	get_property(names DIRECTORY PROPERTY TESTS)
	foreach(name ${names})
		set(rest ${test_costs})
		while(rest)
			list(POP_FRONT rest pattern cost)
			if(name MATCHES "${pattern}")
				set_tests_properties(${name} PROPERTIES COST ${cost})
				break()
			endif()
		endwhile()
	endforeach()
endfunction()
