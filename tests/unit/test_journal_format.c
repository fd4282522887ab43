/* doc/journal-format.md: its shell lines check a real journal, and find what is changed in it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/fs.h"
#include "lib/child.h"
#include "lib/journals.h"
#include "lib/scratch.h"

static char dir[SCRATCH_SIZE];

/* The lines between ```sh and ``` in the page. */
static struct buf documented_script(void)
{
	struct buf text = scratch_read(TEST_JOURNAL_FORMAT), script = BUF_INIT;
	const char *begin, *end;

	begin = strstr(text.data, "```sh\n");
	assert_non_null(begin);
	begin += strlen("```sh\n");
	end = strstr(begin, "```");
	assert_non_null(end);
	buf_add(&script, begin, (size_t)(end - begin));
	buf_release(&text);
	return script;
}

/* Exit status of the script over two files; what it said goes to `said`. */
static int run(const char *script, const char *first, const char *second, struct buf *said)
{
	const char *out = scratch_path(dir, "said");
	int status;
	pid_t pid = child_fork();

	if (!pid) {
		int fd = open(out, O_WRONLY | O_CREAT | O_TRUNC, 0600);

		if (fd < 0 || dup2(fd, 1) < 0)
			_exit(126);
		execl("/bin/sh", "sh", "-c", script, "sh", first, second, (char *)NULL);
		_exit(127);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	*said = scratch_read(out);
	return WEXITSTATUS(status);
}

static void the_documented_lines_check_a_journal(void **state)
{
	struct buf script = documented_script(), said, text;
	char first[800], second[800];
	struct journal *j;

	(void)state;
	scratch_make(dir);
	setenv("MINSKY_SEGMENT_SIZE", "1000", 1);
	j = journals_new(dir);
	journals_add(j, "{\"t\":\"quote \\\" brace } back\\\\slash 'single' $HOME `x` %s\"}");
	journals_add(j, "{\"t\":\"\xc3\xa4\xe2\x82\xac \\u0000 \\n\"}");
	journals_fill(j, 3, 3);
	assert_int_equal(journals_count_segments(j), 2);
	(void)snprintf(
		first, sizeof(first), "%s/%s.00000000000000000001.log", dir, journal_origin(j));
	(void)snprintf(second, sizeof(second), "%s", journals_segment(j));

	assert_int_equal(run(script.data, first, second, &said), 0);
	assert_string_equal(said.data, "");
	buf_release(&said);

	assert_int_equal(run(script.data, second, first, &said), 1);
	buf_release(&said);

	text = scratch_read(second);
	strstr(text.data, "{\"n\":")[5] = '9';
	scratch_write(second, text.data, text.len);
	assert_int_equal(run(script.data, first, second, &said), 1);
	assert_non_null(strstr(said.data, "the body does not match its hash"));
	buf_release(&said);
	buf_release(&text);

	text = scratch_read(first);
	strstr(text.data, "\"hlc\":\"")[22] ^= 1;
	scratch_write(first, text.data, text.len);
	assert_int_equal(run(script.data, first, second, &said), 1);
	assert_string_equal(
		said.data, "seq 1: the hash does not match the record and the one before it\n");
	buf_release(&said);
	buf_release(&text);

	buf_release(&script);
	journal_close(j);
	unsetenv("MINSKY_SEGMENT_SIZE");
	scratch_remove(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_documented_lines_check_a_journal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
