#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <spawn.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/buf.h"
#include "core/fs.h"
#include "lib/scratch.h"
#include "lib/world.h"

static char root[64];

static const char prelude[] =
	"set -e\n"
	"tick() {\n"
	"	n=$(cat \"$HOME/clock\" 2>/dev/null || echo 1790000000)\n"
	"	n=$((n + 1)); echo $n >\"$HOME/clock\"\n"
	"	export GIT_AUTHOR_DATE=\"$n +0000\" GIT_COMMITTER_DATE=\"$n +0000\"\n"
	"}\n"
	"repo() { git init -q -b main \"$1\"; }\n"
	"commit() {\n"
	"	tick; mkdir -p \"$(dirname \"$1\")\"; printf '%s\\n' \"$2\" >\"$1\"\n"
	"	git add -- \"$1\"; git commit -q -m \"${3:-$1: $2}\"\n"
	"}\n"
	"empty() { tick; git commit -q --allow-empty -m \"$1\"; }\n"
	"tick\n";

static void set(const char *name, const char *value)
{
	assert_int_equal(setenv(name, value, 1), 0);
}

int world_setup(void **state)
{
	static const char *const dropped[] = { "GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE",
		"GIT_AUTHOR_DATE", "GIT_COMMITTER_DATE", "XDG_CONFIG_HOME", "XDG_STATE_HOME",
		"MINSKY_HOOK" };
	char place[SCRATCH_SIZE];
	struct buf real = BUF_INIT;
	struct error err = ERROR_INIT;

	(void)state;
	scratch_make(place);
	assert_int_equal(fs_realpath(place, &real, &err), 0);
	(void)snprintf(root, sizeof(root), "%s", real.data);
	buf_release(&real);
	for (size_t i = 0; i < sizeof(dropped) / sizeof(dropped[0]); i++)
		(void)unsetenv(dropped[i]);
	set("HOME", root);
	set("GIT_CONFIG_GLOBAL", "/dev/null");
	set("GIT_CONFIG_NOSYSTEM", "1");
	set("GIT_AUTHOR_NAME", "Ana");
	set("GIT_AUTHOR_EMAIL", "ana@example.org");
	set("GIT_COMMITTER_NAME", "Ana");
	set("GIT_COMMITTER_EMAIL", "ana@example.org");
	assert_int_equal(chdir(root), 0);
	return 0;
}

int world_teardown(void **state)
{
	struct error err = ERROR_INIT;

	(void)state;
	assert_int_equal(chdir("/"), 0);
	return fs_remove_tree(root, &err);
}

const char *world(void)
{
	return root;
}

const char *at(const char *name)
{
	static char places[8][512];
	static unsigned turn;
	char *place = places[turn++ % 8];

	(void)snprintf(place, sizeof(places[0]), "%s/%s", root, name);
	return place;
}

static int run(const char *dir, const char *script, char *out, size_t size)
{
	struct buf text = BUF_INIT;
	posix_spawn_file_actions_t actions;
	const char *argv[] = { "sh", "-c", NULL, NULL };
	size_t used = 0;
	ssize_t n;
	int fds[2], status;
	pid_t pid;

	buf_addf(&text, "cd '%s%s%s' || exit 1\n%s%s", dir[0] == '/' ? "" : root,
		dir[0] == '/' ? "" : "/", dir, prelude, script);
	assert_false(text.failed);
	argv[2] = text.data;
	assert_int_equal(pipe(fds), 0);
	assert_int_equal(posix_spawn_file_actions_init(&actions), 0);
	assert_int_equal(posix_spawn_file_actions_adddup2(&actions, fds[1], 1), 0);
	assert_int_equal(posix_spawn_file_actions_addclose(&actions, fds[0]), 0);
	assert_int_equal(posix_spawn_file_actions_addclose(&actions, fds[1]), 0);
	assert_int_equal(posix_spawnp(&pid, "sh", &actions, NULL, (char *const *)argv, environ), 0);
	(void)posix_spawn_file_actions_destroy(&actions);
	(void)close(fds[1]);
	do {
		char spill[256];
		bool room = used + 1 < size;

		n = read(fds[0], room ? out + used : spill, room ? size - used - 1 : sizeof(spill));
		if (room && n > 0)
			used += (size_t)n;
	} while (n > 0);
	(void)close(fds[0]);
	while (used && out[used - 1] == '\n')
		used--;
	out[used] = '\0';
	assert_int_equal(waitpid(pid, &status, 0), pid);
	buf_release(&text);
	return status;
}

bool sh_ok(const char *dir, const char *script)
{
	char out[4096];

	return run(dir, script, out, sizeof(out)) == 0;
}

void sh(const char *dir, const char *script)
{
	char out[4096];

	if (run(dir, script, out, sizeof(out)) != 0)
		fail_msg("script failed in '%s':\n%s\n%s", dir, script, out);
}

const char *ask(const char *dir, const char *script)
{
	static char places[8][4096];
	static unsigned turn;
	char *place = places[turn++ % 8];

	if (run(dir, script, place, sizeof(places[0])) != 0)
		fail_msg("script failed in '%s':\n%s\n%s", dir, script, place);
	return place;
}
