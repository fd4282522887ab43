/* The file that ties a clone to its journal, and finding the git directories without git. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <sys/stat.h>
#include <unistd.h>

#include "core/fs.h"
#include "core/gitfiles/gitdir.h"
#include "core/pointer.h"
#include "core/repo_file.h"
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

	assert_int_equal(setenv("XDG_STATE_HOME", world(), 1), 0);
	sh(".",
		"repo repo; mkdir -p minsky/journal; chmod 700 minsky minsky/journal; mkdir -m 700 "
		"minsky/journal/j");
	memcpy(p.repo, REPO, sizeof(REPO));
	memcpy(p.clone, CLONE, sizeof(CLONE));
	if (session) {
		memcpy(p.session, session, strlen(session) + 1);
		p.name = strdup("fix the bug");
		assert_non_null(p.name);
	}
	p.journal = strdup(at("minsky/journal/j"));
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
	assert_string_equal(out.journal, at("minsky/journal/j"));
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
		{ "minsky-pointer 1\nrepo " REPO, "line 2 is truncated" },
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
	sh(".", "chmod 0600 repo/.git/minsky/journal; chmod 0770 minsky/journal/j");
	assert_int_equal(read_code(&err), ERR_REFUSED);
	sh(".",
		"chmod 0700 minsky/journal/j; cd minsky/journal; mv j ../elsewhere; ln -s "
		"../elsewhere j");
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
	sh(".", "rmdir minsky/journal/j");
	assert_int_equal(pointer_read(&out, at("repo/.git"), &err), 0);
	assert_string_equal(out.journal, at("minsky/journal/j"));
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

/* <state>/minsky/journal/j lists the clone of `tie` at this place. */
static void list_clone(const char *path)
{
	struct repo_file file = REPO_FILE_INIT;
	struct error err = ERROR_INIT;

	memcpy(file.id, REPO, sizeof(REPO));
	file.name = strdup("local-repo");
	file.journal = strdup(at("minsky/journal/j"));
	assert_true(file.name && file.journal);
	assert_int_equal(repo_file_add_clone(&file, CLONE, path, "", &err), 0);
	assert_int_equal(repo_file_save(&file, &err), 0);
	repo_file_release(&file);
}

static void a_journal_is_one_below_the_state_directory(void **state)
{
	static const char *const elsewhere[] = { "/proc/self/cwd/j", "%s/other/j",
		"%s/minsky/journal/", "%s/minsky/journal/..", "%s/minsky/journal/.x",
		"%s/minsky/journal/j/j", "%s/minsky/j" };
	struct buf text = BUF_INIT, path = BUF_INIT;
	struct pointer p = tie(NULL), out = POINTER_INIT;
	struct error err = ERROR_INIT;

	(void)state;
	sh(".", "mkdir -m 700 other other/j minsky/j minsky/journal/j/j; ln -s minsky/journal way");
	for (size_t i = 0; i < sizeof(elsewhere) / sizeof(elsewhere[0]); i++) {
		buf_clear(&path);
		if (strncmp(elsewhere[i], "%s", 2) == 0)
			buf_adds(&path, world());
		buf_adds(&path, elsewhere[i] + (path.len ? 2 : 0));
		buf_clear(&text);
		buf_addf(&text,
			"minsky-pointer 1\nrepo " REPO "\njournal %s\nclone " CLONE
			"\npath %s\ninode 1:1\n",
			path.data, world());
		put(text.data);
		assert_int_equal(read_code(&err), ERR_REFUSED);
		assert_non_null(strstr(err.msg, "not below"));
	}
	/* By another way to the same directory it is that one, and is opened by its own path. */
	buf_clear(&text);
	buf_addf(&text,
		"minsky-pointer 1\nrepo " REPO "\njournal %s/way/j\nclone " CLONE
		"\npath %s\ninode 1:1\n",
		world(), world());
	put(text.data);
	assert_int_equal(pointer_read(&out, at("repo/.git"), &err), 0);
	assert_string_equal(out.journal, at("minsky/journal/j"));
	buf_release(&text);
	buf_release(&path);
	pointer_release(&out);
	pointer_release(&p);
}

static void a_bond_has_two_sides(void **state)
{
	struct pointer p = tie(NULL);

	(void)state;
	assert_false(pointer_bound(at("repo/.git"))); /* no repo.json */
	list_clone(at("elsewhere/.git"));
	assert_false(pointer_bound(at("repo/.git"))); /* listed in another place */
	list_clone(at("repo/.git"));
	assert_true(pointer_bound(at("repo/.git")));
	sh(".", "cp -r repo copy");
	assert_false(pointer_bound(at("copy/.git")));
	sh(".", "mv repo/.git/minsky/journal elsewhere");
	assert_false(pointer_bound(at("repo/.git")));
	pointer_release(&p);
}

static void files_of_a_work_tree_are_no_repository(void **state)
{
	struct buf g = BUF_INIT, c = BUF_INIT, t = BUF_INIT;
	struct error err = ERROR_INIT;
	struct pointer p = tie(NULL);

	(void)state;
	/* A pointer alone makes no repository. */
	sh("repo", "mkdir -p docs/minsky; cp .git/minsky/journal docs/minsky");
	assert_int_equal(gitdir_find(at("repo/docs"), false, &g, &c, &t, &err), 0);
	assert_string_equal(g.data, at("repo/.git"));
	/* Nor do HEAD, objects and refs, in the work tree of another one. */
	sh("repo", "git init -q --bare docs; cp .git/minsky/journal docs/minsky; mkdir docs/x");
	assert_true(gitdir_embedded(at("repo/docs")));
	assert_int_equal(gitdir_find(at("repo/docs"), false, &g, &c, &t, &err), ERR_REFUSED);
	assert_int_equal(gitdir_find(at("repo/docs/x"), false, &g, &c, &t, &err), ERR_REFUSED);
	/* Nor in the work tree of one whose .git is a file. */
	sh("repo",
		"commit f 1; git worktree add -q ../linked; mkdir ../linked/d; git init -q --bare "
		"../linked/d/e");
	assert_true(gitdir_embedded(at("linked/d/e")));
	/* Where there is no work tree around it, and in a .git, it is what it seems. */
	sh(".", "git init -q --bare alone; git init -q --bare repo/.git/modules/m");
	assert_false(gitdir_embedded(at("alone")));
	assert_false(gitdir_embedded(at("repo/.git")));
	assert_false(gitdir_embedded(at("repo/.git/modules/m")));
	assert_false(gitdir_embedded(at("repo")));
	assert_int_equal(gitdir_find(at("alone"), false, &g, &c, &t, &err), 0);
	buf_release(&g);
	buf_release(&c);
	buf_release(&t);
	pointer_release(&p);
}

static void a_bond_makes_an_embedded_repository_ours(void **state)
{
	struct buf g = BUF_INIT, c = BUF_INIT;
	struct error err = ERROR_INIT;
	struct pointer p = tie(NULL);

	(void)state;
	sh("repo", "git init -q --bare inner");
	assert_int_equal(pointer_write(&p, at("repo/inner"), &err), 0);
	assert_true(gitdir_embedded(at("repo/inner")));
	list_clone(at("repo/inner"));
	assert_false(gitdir_embedded(at("repo/inner")));
	assert_int_equal(gitdir_find(at("repo/inner"), false, &g, &c, NULL, &err), 0);
	assert_string_equal(g.data, at("repo/inner"));
	buf_release(&g);
	buf_release(&c);
	pointer_release(&p);
}

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
		T(a_journal_is_one_below_the_state_directory),
		T(a_bond_has_two_sides),
		T(files_of_a_work_tree_are_no_repository),
		T(a_bond_makes_an_embedded_repository_ours),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
