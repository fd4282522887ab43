#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <sys/wait.h>
#include <unistd.h>

#include "git/gitconfig.h"
#include "git/repository.h"
#include "lib/child.h"
#include "lib/world.h"

static struct git_repo must_open(const char *path)
{
	struct git_repo r = { .top = NULL };
	struct error err = ERROR_INIT;

	if (git_repo_open(&r, at(path), &err) != 0)
		fail_msg("%s: %s", path, err.msg);
	return r;
}

static void refused(const char *path, enum error_code code, const char *words)
{
	struct git_repo r = { .top = NULL };
	struct error err = ERROR_INIT;

	assert_int_equal(git_repo_open(&r, path[0] == '/' ? path : at(path), &err), code);
	if (!strstr(err.msg, words))
		fail_msg("'%s' is not in '%s'", words, err.msg);
	assert_null(r.git_dir);
	assert_null(r.config);
}

static void opened_from_anywhere_inside(void **state)
{
	static const char *const places[] = { "r", "r/sub/dir" };

	(void)state;
	sh(".", "repo r; cd r; commit sub/dir/f 1");
	for (size_t i = 0; i < 2; i++) {
		struct git_repo r = must_open(places[i]);

		assert_string_equal(r.top, at("r"));
		assert_string_equal(r.git_dir, at("r/.git"));
		assert_string_equal(r.common_dir, at("r/.git"));
		assert_string_equal(r.branch, "main");
		assert_string_equal(r.head, ask("r", "git rev-parse HEAD"));
		assert_false(r.bare || r.shallow || r.partial || r.libgit2_refuses);
		git_repo_release(&r);
		assert_null(r.top);
	}
}

static void shapes_of_repositories(void **state)
{
	struct git_repo r;

	(void)state;
	sh(".",
		"repo r; cd r; commit f 1; git branch other\n"
		"git worktree add -q ../linked other; git clone -q --bare . ../bare.git\n"
		"git clone -q --depth 1 file://\"$PWD\" ../shallow; git init -q --bare "
		"../empty.git\n"
		"git init -q -b trunk ../new; mkdir ../odd; echo HEAD >../odd/HEAD; cd ../odd\n"
		"git init -q -b main .; git -C ../r switch -q --detach");
	r = must_open("linked");
	assert_string_equal(r.top, at("linked"));
	assert_string_equal(r.git_dir, at("r/.git/worktrees/linked"));
	assert_string_equal(r.common_dir, at("r/.git"));
	assert_string_equal(r.branch, "other");
	git_repo_release(&r);
	r = must_open("r");
	assert_null(r.branch);
	assert_string_equal(r.head, ask("r", "git rev-parse HEAD"));
	git_repo_release(&r);
	r = must_open("bare.git");
	assert_true(r.bare);
	assert_null(r.top);
	assert_string_equal(r.branch, "main");
	assert_string_equal(r.head, ask("bare.git", "git rev-parse HEAD"));
	git_repo_release(&r);
	r = must_open("empty.git");
	assert_true(r.bare);
	assert_null(r.head);
	git_repo_release(&r);
	r = must_open("shallow");
	assert_true(r.shallow);
	git_repo_release(&r);
	r = must_open("new");
	assert_null(r.head);
	assert_string_equal(r.branch, "trunk");
	git_repo_release(&r);
	r = must_open("odd"); /* without commits, but with a file called HEAD */
	assert_null(r.head);
	assert_string_equal(r.branch, "main");
	git_repo_release(&r);
}

static void extensions_are_seen(void **state)
{
	struct git_repo r;

	(void)state;
	sh(".",
		"repo r; cd r; commit f 1; git config core.repositoryformatversion 1\n"
		"git config extensions.worktreeConfig true; cp -r . ../p; cd ../p\n"
		"git config extensions.partialClone origin");
	r = must_open("r");
	assert_true(r.libgit2_refuses);
	assert_false(r.partial);
	git_repo_release(&r);
	r = must_open("p");
	assert_true(r.partial);
	git_repo_release(&r);
}

static void what_cannot_be_served_is_refused_by_name(void **state)
{
	(void)state;
	sh(".",
		"mkdir plain; git init -q --object-format=sha256 new; git init -q ref; cd ref\n"
		"git config core.repositoryformatversion 1; git config extensions.refStorage "
		"reftable");
	refused("plain", ERR_NOTFOUND, "is not inside a git repository");
	refused("nowhere", ERR_NOTFOUND, "there is no directory");
	refused("new", ERR_UNSUPPORTED, "sha256");
	refused("ref", ERR_UNSUPPORTED, "reftable");
	sh(".", "repo r; printf '[core\\n' >>r/.git/config");
	refused("r", ERR_GIT, "bad config line");
	sh(".", "repo q");
	refused("q/.git", ERR_REFUSED, "is inside a git directory");
}

static void foreign_owner_is_refused_with_advice(void **state)
{
	struct git_repo r = { .top = NULL };
	struct error err = ERROR_INIT;

	(void)state;
	if (geteuid() != 0)
		skip();
	sh(".", "repo r; cd r; commit f 1; cd ..; chown -R 12345 r");
	assert_int_equal(git_repo_open(&r, at("r"), &err), ERR_REFUSED);
	assert_non_null(strstr(err.msg, "belongs to another user"));
	assert_non_null(strstr(err.hint, "safe.directory"));
	assert_non_null(strstr(err.hint, at("r")));
	sh(".", "printf '[safe]\\n\\tdirectory = *\\n' >config");
	assert_int_equal(setenv("GIT_CONFIG_GLOBAL", at("config"), 1), 0);
	r = must_open("r");
	git_repo_release(&r);
}

/* In a child: the version is asked once per process. */
static void old_git_is_refused_by_name(void **state)
{
	static const struct {
		const char *version;
		enum error_code code;
	} rows[] = { { "2.37.9", ERR_UNSUPPORTED }, { "1.9.0", ERR_UNSUPPORTED },
		{ "2.38.0.rc1", ERR_NOTFOUND }, { "3.0.0", ERR_NOTFOUND }, { "x", ERR_GIT } };

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char script[256];
		int status;
		pid_t pid;

		(void)snprintf(script, sizeof(script),
			"mkdir -p fake; cat >fake/git <<'X'\n#!/bin/sh\n"
			"test \"$1\" = version && echo git version %s && exit\n"
			"echo fatal: not a git repository >&2; exit 128\nX\nchmod +x fake/git",
			rows[i].version);
		sh(".", script);
		pid = child_fork();
		if (pid == 0) {
			struct git_repo r = { .top = NULL };
			struct error err = ERROR_INIT;
			int rc;

			(void)snprintf(script, sizeof(script), "%s/fake:/usr/bin:/bin", world());
			(void)setenv("PATH", script, 1);
			rc = git_repo_open(&r, world(), &err);
			if (rc == ERR_UNSUPPORTED && !strstr(err.msg, "too old"))
				_exit(99);
			_exit(-rc);
		}
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_true(WIFEXITED(status));
		assert_int_equal(WEXITSTATUS(status), -(int)rows[i].code);
	}
}

static void remote_is(const char *path, const char *name, const char *url)
{
	struct git_repo r = must_open(path);
	struct error err = ERROR_INIT;
	char *got_name = NULL, *got_url = NULL;

	assert_int_equal(git_repo_remote(&r, &got_name, &got_url, &err), 0);
	if (name) {
		assert_string_equal(got_name, name);
		assert_string_equal(got_url, url);
	} else {
		assert_null(got_name);
		assert_null(got_url);
	}
	free(got_name);
	free(got_url);
	git_repo_release(&r);
}

static void remote_is_origin_or_the_only_one(void **state)
{
	(void)state;
	sh(".", "repo r");
	remote_is("r", NULL, NULL);
	sh("r", "git remote add my.fork https://h/fork");
	remote_is("r", "my.fork", "https://h/fork");
	sh("r", "git remote add other https://h/other");
	remote_is("r", NULL, NULL);
	sh("r", "git remote add origin gh:o/r");
	remote_is("r", "origin", "gh:o/r");
	sh("r",
		"git config url.https://wrong/.insteadOf g; git config url.https://h/.insteadOf "
		"gh:");
	remote_is("r", "origin", "https://h/o/r");
}

/* branch, remote tip, local tip ("" for none) of the answer to --base NAME, or of the default. */
static void base_is(const char *path, const char *name, const char *branch, const char *remote,
	const char *local)
{
	struct git_repo r = must_open(path);
	struct git_base b = { .branch = NULL };
	struct error err = ERROR_INIT;
	int rc = name ? git_repo_named_base(&r, name, &b, &err)
		      : git_repo_default_base(&r, &b, &err);

	if (rc != 0)
		fail_msg("%s: %s", path, err.msg);
	assert_string_equal(b.branch, branch);
	assert_string_equal(b.remote_oid ? b.remote_oid : "", remote);
	assert_string_equal(b.local_oid ? b.local_oid : "", local);
	git_base_release(&b);
	git_repo_release(&r);
}

static void no_base(const char *path, const char *name, enum error_code code, const char *words)
{
	struct git_repo r = must_open(path);
	struct git_base b = { .branch = NULL };
	struct error err = ERROR_INIT;
	int rc = name ? git_repo_named_base(&r, name, &b, &err)
		      : git_repo_default_base(&r, &b, &err);

	assert_int_equal(rc, code);
	assert_non_null(strstr(err.msg, words));
	assert_null(b.branch);
	git_repo_release(&r);
}

static void default_base_comes_from_the_remote_then_from_head(void **state)
{
	const char *first, *second, *third;

	(void)state;
	sh(".",
		"git init -q -b trunk up; cd up; commit f 1; git branch rel/1; git clone -q . "
		"../c\n"
		"cd ../c; commit f 2; git switch -q -c work; commit f 3");
	first = ask("up", "git rev-parse trunk");
	second = ask("c", "git rev-parse trunk");
	third = ask("c", "git rev-parse work");
	base_is("c", NULL, "trunk", first, second);
	base_is("c", "rel/1", "rel/1", first, "");
	base_is("c", "work", "work", "", third);
	base_is("c", "origin/trunk", "trunk", first, "");
	no_base("c", "none", ERR_NOTFOUND, "there is no branch 'none'");
	no_base("c", "rel", ERR_NOTFOUND, "there is no branch 'rel'");
	sh("c", "git branch -q -D trunk");
	base_is("c", NULL, "trunk", first, "");
	/* origin/HEAD may be gone, or point nowhere. */
	sh("c", "git symbolic-ref refs/remotes/origin/HEAD refs/remotes/origin/gone");
	base_is("c", NULL, "work", "", third);
	sh("c", "git remote set-head origin -d; git switch -q --detach");
	no_base("c", NULL, ERR_REFUSED, "HEAD is detached");
	base_is("up", NULL, "trunk", "", first);
}

static void repository_without_commits_has_no_base(void **state)
{
	(void)state;
	sh(".", "repo r");
	no_base("r", NULL, ERR_REFUSED, "has no commits yet");
	no_base("r", "main", ERR_REFUSED, "has no commits yet");
}

static void refs_are_found_by_full_name(void **state)
{
	struct error err = ERROR_INIT;
	char *oid = NULL;

	(void)state;
	sh(".", "repo r; cd r; commit f 1");
	assert_int_equal(git_repo_ref(at("r/.git"), "refs/heads/main", &oid, &err), 0);
	assert_string_equal(oid, ask("r", "git rev-parse HEAD"));
	free(oid);
	assert_int_equal(git_repo_ref(at("r/.git"), "refs/heads/none", &oid, &err), 0);
	assert_null(oid);
	assert_int_equal(git_repo_ref(at("none"), "refs/heads/main", &oid, &err), ERR_GIT);
}

static void settings_are_read_as_git_lists_them(void **state)
{
	static const char list[] = "global\0user.name\nA\nB\0local\0remote.my.fork.url\nu\0"
				   "worktree\0core.bare";
	struct git_setting s;
	size_t pos = 0;

	(void)state;
	assert_true(git_config_next(list, sizeof(list), &pos, &s));
	assert_true(git_setting_is(&s, "user", NULL, "name"));
	assert_string_equal(s.value, "A\nB");
	assert_false(git_setting_is_local(&s));
	assert_true(git_config_next(list, sizeof(list), &pos, &s));
	assert_true(git_setting_is(&s, "remote", "my.fork", "url"));
	assert_false(git_setting_is(&s, "remote", "my", "url"));
	assert_true(git_setting_is_local(&s));
	assert_true(git_config_next(list, sizeof(list), &pos, &s));
	assert_true(git_setting_is(&s, "core", NULL, "bare"));
	assert_null(s.value);
	assert_true(git_setting_true(&s));
	assert_false(git_config_next(list, sizeof(list), &pos, &s));
}

static void settings_are_written_so_that_git_reads_them_back(void **state)
{
	static const char value[] = " a\"b\\c\td\ne;f#g ";
	struct buf text = BUF_INIT;
	FILE *f;

	(void)state;
	git_config_add(&text, "remote", "q\"\\s", "x-y", value);
	git_config_add(&text, "core", NULL, "eol", "lf");
	assert_false(text.failed);
	f = fopen(at("config"), "we");
	assert_non_null(f);
	assert_int_equal(fwrite(text.data, 1, text.len, f), text.len);
	assert_int_equal(fclose(f), 0);
	assert_string_equal(ask(".", "git config -f config --get 'remote.q\"\\s.x-y'"), value);
	assert_string_equal(ask(".", "git config -f config core.eol"), "lf");
	buf_release(&text);
}

static void relative_urls_are_told_from_the_others(void **state)
{
	(void)state;
	assert_true(git_url_is_relative("../hub.git"));
	assert_true(git_url_is_relative("hub"));
	assert_true(git_url_is_relative("./a:b"));
	assert_false(git_url_is_relative("/a/b"));
	assert_false(git_url_is_relative("host:a/b"));
	assert_false(git_url_is_relative("https://host/a"));
	assert_false(git_url_is_relative(""));
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, world_setup, world_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		/* First: its children must not inherit an answer. */
		CASE(old_git_is_refused_by_name),
		CASE(opened_from_anywhere_inside),
		CASE(shapes_of_repositories),
		CASE(extensions_are_seen),
		CASE(what_cannot_be_served_is_refused_by_name),
		CASE(foreign_owner_is_refused_with_advice),
		CASE(remote_is_origin_or_the_only_one),
		CASE(default_base_comes_from_the_remote_then_from_head),
		CASE(repository_without_commits_has_no_base),
		CASE(refs_are_found_by_full_name),
		CASE(relative_urls_are_told_from_the_others),
		CASE(settings_are_read_as_git_lists_them),
		CASE(settings_are_written_so_that_git_reads_them_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
