/* The file that ties a clone to its journal, and finding the git directories without git. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <sys/stat.h>
#include <unistd.h>

#include "core/fs.h"
#include "core/pointer.h"
#include "lib/scratch.h"
#include "lib/world.h"

#define REPO "00112233445566778899aabbccddeeff"
#define CLONE "ffeeddccbbaa99887766554433221100"
#define SESSION "0192f0c1-0000-7000-8000-000000000001"

/* A repository "repo" with a journal directory and a pointer to it. */
static struct pointer tie(const char *session)
{
	struct pointer p = POINTER_INIT;
	struct error err = ERROR_INIT;

	sh(".", "repo repo; mkdir -m 700 journal");
	memcpy(p.repo, REPO, sizeof(REPO));
	memcpy(p.clone, CLONE, sizeof(CLONE));
	if (session) {
		memcpy(p.session, session, strlen(session) + 1);
		p.name = strdup("fix the bug");
		assert_non_null(p.name);
	}
	p.journal = strdup(at("journal"));
	assert_non_null(p.journal);
	assert_int_equal(pointer_write(&p, at("repo/.git"), &err), 0);
	return p;
}

static int read_code(struct error *err)
{
	struct pointer p = POINTER_INIT;
	int r;

	error_clear(err);
	r = pointer_read(&p, at("repo/.git"), err);
	pointer_release(&p);
	return r;
}

static void put(const char *text)
{
	scratch_write(at("repo/.git/minsky/journal"), text, strlen(text));
}

static void what_is_written_is_read(void **state)
{
	struct pointer out = POINTER_INIT;
	struct error err = ERROR_INIT;
	struct pointer p = tie(SESSION);
	struct stat st;

	(void)state;
	assert_int_equal(pointer_read(&out, at("repo/.git"), &err), 0);
	assert_string_equal(out.repo, REPO);
	assert_string_equal(out.clone, CLONE);
	assert_string_equal(out.session, SESSION);
	assert_string_equal(out.name, "fix the bug");
	assert_string_equal(out.journal, at("journal"));
	assert_string_equal(out.path, at("repo/.git"));
	assert_int_equal(stat(at("repo/.git"), &st), 0);
	assert_true(out.ino == st.st_ino && out.dev == st.st_dev);
	assert_int_equal(stat(at("repo/.git/minsky/journal"), &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	pointer_release(&out);
	pointer_release(&p);
}

static void outside_a_session_there_is_no_session(void **state)
{
	struct pointer out = POINTER_INIT;
	struct error err = ERROR_INIT;
	struct pointer p = tie(NULL);

	(void)state;
	assert_int_equal(pointer_read(&out, at("repo/.git"), &err), 0);
	assert_string_equal(out.session, "");
	assert_null(out.name);
	pointer_release(&out);
	pointer_release(&p);
}

static void no_file_is_not_found(void **state)
{
	struct error err = ERROR_INIT;

	(void)state;
	sh(".", "repo repo");
	assert_int_equal(read_code(&err), ERR_NOTFOUND);
}

static void unknown_keys_are_ignored(void **state)
{
	struct error err = ERROR_INIT;
	struct pointer p = tie(NULL);
	struct buf text = scratch_read(at("repo/.git/minsky/journal"));

	(void)state;
	buf_adds(&text, "colour green\n");
	put(text.data);
	assert_int_equal(read_code(&err), 0);
	buf_release(&text);
	pointer_release(&p);
}

static void damage_is_corrupt_and_names_the_line(void **state)
{
	static const struct {
		const char *text, *says;
	} bad[] = {
		{ "", "missing" },
		{ "minsky-pointer 2\n", "first line" },
		{ "minsky-pointer 1\nrepo " REPO "\n", "missing" },
		{ "minsky-pointer 1\nrepo xyz\n", "line 2" },
		{ "minsky-pointer 1\nrepo " REPO, "line 2 is cut off" },
		{ "minsky-pointer 1\nrepo " REPO "\ninode 12\n", "line 3" },
		{ "minsky-pointer 1\nrepo " REPO "\nclone " CLONE "\npath x\njournal /j\n",
			"not absolute" },
		{ "minsky-pointer 1\nsession " REPO "\n", "line 2" },
		{ "minsky-pointer 1\nnothing\n", "line 2 has no value" },
	};
	struct error err = ERROR_INIT;
	struct pointer p = tie(NULL);

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		put(bad[i].text);
		assert_int_equal(read_code(&err), ERR_CORRUPT);
		assert_non_null(strstr(err.msg, bad[i].says));
		assert_true(err.hint[0] != '\0');
	}
	scratch_write(at("repo/.git/minsky/journal"), "minsky-pointer 1\n\0\n", 19);
	assert_int_equal(read_code(&err), ERR_CORRUPT);
	pointer_release(&p);
}

static void what_others_can_write_is_refused(void **state)
{
	struct error err = ERROR_INIT;
	struct pointer p = tie(NULL);

	(void)state;
	sh(".", "chmod 0620 repo/.git/minsky/journal");
	assert_int_equal(read_code(&err), ERR_REFUSED);
	sh(".", "chmod 0600 repo/.git/minsky/journal; chmod 0770 journal");
	assert_int_equal(read_code(&err), ERR_REFUSED);
	sh(".", "chmod 0700 journal; mv journal elsewhere; ln -s elsewhere journal");
	assert_int_equal(read_code(&err), ERR_REFUSED);
	pointer_release(&p);
}

static void a_linked_pointer_is_refused(void **state)
{
	struct error err = ERROR_INIT;
	struct pointer p = tie(NULL);

	(void)state;
	sh("repo/.git/minsky", "mv journal other; ln -s other journal");
	assert_int_equal(read_code(&err), ERR_REFUSED);
	pointer_release(&p);
}

static void a_missing_journal_is_known_by_its_path(void **state)
{
	struct pointer out = POINTER_INIT;
	struct error err = ERROR_INIT;
	struct pointer p = tie(NULL);

	(void)state;
	sh(".", "rmdir journal");
	assert_int_equal(pointer_read(&out, at("repo/.git"), &err), 0);
	assert_string_equal(out.journal, at("journal"));
	pointer_release(&out);
	pointer_release(&p);
}

static void a_newline_in_a_path_is_not_written(void **state)
{
	struct pointer p = tie(NULL);
	struct error err = ERROR_INIT;

	(void)state;
	free(p.journal);
	p.journal = strdup("/tmp/a\nclone x");
	assert_non_null(p.journal);
	assert_int_equal(pointer_write(&p, at("repo/.git"), &err), ERR_UNSUPPORTED);
	assert_int_equal(read_code(&err), 0);
	pointer_release(&p);
}

static void a_clone_knows_that_it_moved_or_was_copied(void **state)
{
	struct pointer p = tie(NULL);

	(void)state;
	assert_int_equal(pointer_where(&p, at("repo/.git")), POINTER_HERE);
	assert_int_equal(pointer_where(&p, "repo/.git"), POINTER_HERE);
	sh(".", "ln -s repo link");
	assert_int_equal(pointer_where(&p, at("link/.git")), POINTER_HERE);
	sh(".", "cp -a repo copy");
	assert_int_equal(pointer_where(&p, at("copy/.git")), POINTER_COPIED);
	sh(".", "mv repo moved");
	assert_int_equal(pointer_where(&p, at("moved/.git")), POINTER_MOVED);
	sh(".", "mv copy repo");
	assert_int_equal(pointer_where(&p, at("repo/.git")), POINTER_REPLACED);
	pointer_release(&p);
}

static void another_device_number_alone_is_no_other_clone(void **state)
{
	struct pointer p = tie(NULL);

	(void)state;
	p.dev++;
	assert_int_equal(pointer_where(&p, at("repo/.git")), POINTER_HERE);
	pointer_release(&p);
}

static void settling_follows_the_clone(void **state)
{
	enum pointer_place place = POINTER_HERE;
	struct pointer out = POINTER_INIT;
	struct error err = ERROR_INIT;
	struct pointer p = tie(SESSION);

	(void)state;
	sh(".", "cp -a repo copy; mv repo moved");
	assert_int_equal(pointer_update(&p, at("moved/.git"), false, &place, &err), 0);
	assert_int_equal(place, POINTER_MOVED);
	assert_string_equal(p.clone, CLONE);
	assert_int_equal(pointer_read(&out, at("moved/.git"), &err), 0);
	assert_string_equal(out.path, at("moved/.git"));
	assert_string_equal(out.clone, CLONE);
	assert_string_equal(out.session, SESSION);
	assert_int_equal(pointer_where(&out, at("moved/.git")), POINTER_HERE);

	assert_int_equal(pointer_update(&out, at("copy/.git"), false, &place, &err), 0);
	assert_int_equal(place, POINTER_COPIED);
	assert_string_equal(out.clone, CLONE);
	assert_int_equal(pointer_update(&out, at("copy/.git"), true, &place, &err), 0);
	assert_string_not_equal(out.clone, CLONE);
	assert_string_equal(out.session, "");
	assert_null(out.name);
	assert_int_equal(pointer_where(&out, at("copy/.git")), POINTER_HERE);
	pointer_release(&out);
	pointer_release(&p);
}

static void a_restored_backup_is_a_new_clone_of_the_session(void **state)
{
	enum pointer_place place = POINTER_HERE;
	struct error err = ERROR_INIT;
	struct pointer p = tie(SESSION);

	(void)state;
	sh(".", "cp -a repo backup; mv repo gone; mv backup repo");
	assert_int_equal(pointer_update(&p, at("repo/.git"), false, &place, &err), 0);
	assert_int_equal(place, POINTER_REPLACED);
	assert_string_not_equal(p.clone, CLONE);
	assert_string_equal(p.session, SESSION);
	assert_int_equal(pointer_where(&p, at("repo/.git")), POINTER_HERE);
	pointer_release(&p);
}

static void find(const char *from, bool env, const char *git, const char *common, const char *top)
{
	struct error err = ERROR_INIT;
	struct buf g = BUF_INIT;
	struct buf c = BUF_INIT;
	struct buf t = BUF_INIT;

	if (gitdir_find(at(from), env, &g, &c, &t, &err) < 0)
		fail_msg("%s", err.msg);
	assert_string_equal(g.data, at(git));
	assert_string_equal(c.data, at(common));
	assert_string_equal(t.data, *top ? at(top) : "");
	buf_release(&t);
	buf_release(&c);
	buf_release(&g);
}

static void git_directories_are_found_as_git_does(void **state)
{
	(void)state;
	sh(".",
		"repo repo; cd repo; commit sub/f 1; git worktree add -q ../linked;"
		"git init -q --bare ../bare.git; mkdir -p ../linked/a/b;"
		"git init -q --separate-git-dir ../apart ../split; ln -s ../../repo sub/link");
	find("repo", false, "repo/.git", "repo/.git", "repo");
	find("repo/sub", false, "repo/.git", "repo/.git", "repo");
	find("repo/sub/link", false, "repo/.git", "repo/.git", "repo");
	find("linked/a/b", false, "repo/.git/worktrees/linked", "repo/.git", "linked");
	find("bare.git", false, "bare.git", "bare.git", "");
	find("bare.git/refs/heads", false, "bare.git", "bare.git", "");
	find("split", false, "apart", "apart", "split");
}

static void the_environment_counts_when_it_may(void **state)
{
	(void)state;
	sh(".", "repo repo; repo other; cd repo; commit f 1; git worktree add -q ../linked");
	setenv("GIT_DIR", ".git", 1);
	find("repo", true, "repo/.git", "repo/.git", "repo");
	setenv("GIT_DIR", ".", 1);
	find("repo/.git", true, "repo/.git", "repo/.git", "");
	setenv("GIT_DIR", at("repo/.git/worktrees/linked"), 1);
	find("linked", true, "repo/.git/worktrees/linked", "repo/.git", "linked");
	find("other", false, "other/.git", "other/.git", "other");
	setenv("GIT_WORK_TREE", ".", 1);
	find("linked", true, "repo/.git/worktrees/linked", "repo/.git", "linked");
	unsetenv("GIT_WORK_TREE");
	unsetenv("GIT_DIR");
}

static void outside_of_repositories_nothing_is_found(void **state)
{
	struct error err = ERROR_INIT;
	struct buf g = BUF_INIT;
	struct buf c = BUF_INIT;

	(void)state;
	sh(".", "mkdir -p plain/.git; mkdir broken; echo nonsense >broken/.git");
	assert_int_equal(gitdir_find(at("plain"), false, &g, &c, NULL, &err), ERR_NOTFOUND);
	assert_int_equal(gitdir_find(at("nowhere"), false, &g, &c, NULL, &err), ERR_NOTFOUND);
	assert_int_equal(gitdir_find(at("broken"), false, &g, &c, NULL, &err), ERR_CORRUPT);
	assert_int_equal(g.len, 0);
	buf_release(&g);
	buf_release(&c);
}

#define T(f) cmocka_unit_test_setup_teardown(f, world_setup, world_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(what_is_written_is_read),
		T(outside_a_session_there_is_no_session),
		T(no_file_is_not_found),
		T(unknown_keys_are_ignored),
		T(damage_is_corrupt_and_names_the_line),
		T(what_others_can_write_is_refused),
		T(a_linked_pointer_is_refused),
		T(a_missing_journal_is_known_by_its_path),
		T(a_newline_in_a_path_is_not_written),
		T(a_clone_knows_that_it_moved_or_was_copied),
		T(another_device_number_alone_is_no_other_clone),
		T(settling_follows_the_clone),
		T(a_restored_backup_is_a_new_clone_of_the_session),
		T(git_directories_are_found_as_git_does),
		T(the_environment_counts_when_it_may),
		T(outside_of_repositories_nothing_is_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
