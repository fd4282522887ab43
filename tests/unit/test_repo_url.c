#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/repo_url.h"

#define N(a) (sizeof(a) / sizeof((a)[0]))
#define SAME NULL /* the URL stays as it was given */
#define GHP                                                                                        \
	"gh"                                                                                       \
	"p_0a1B2c3D4e5F6a7B8c9D0a1B2c3D4e5F6a7B"

struct expected {
	const char *text, *url, *canonical, *name, *type, *auth;
};

static void same(const char *text, const char *what, const char *is, const char *expected)
{
	if (!is != !expected || (is && strcmp(is, expected) != 0))
		fail_msg("%s: %s is '%s', not '%s'", text, what, is ? is : "NULL",
			expected ? expected : "NULL");
}

static void check(const struct expected *cases, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const struct expected *x = &cases[i];
		struct repo_url u = REPO_URL_INIT;
		struct error err = ERROR_INIT;

		if (repo_url_parse(&u, x->text, &err))
			fail_msg("%s: %s", x->text, err.msg);
		same(x->text, "url", u.url, x->url ? x->url : x->text);
		same(x->text, "canonical", u.canonical, x->canonical);
		same(x->text, "repo_name", u.repo_name, x->name);
		same(x->text, "backend_type", u.backend_type, x->type);
		same(x->text, "auth_method", u.auth_method, x->auth);
		assert_int_equal(!u.github_owner, strcmp(x->type, "github") != 0);
		assert_int_equal(!u.github_repo, strcmp(x->type, "github") != 0);
		repo_url_release(&u);
		assert_null(u.url);
	}
}

static void every_spelling_of_one_repository_is_one(void **state)
{
	static const char *const spellings[] = {
		"https://github.com/org/repo",
		"https://github.com/org/repo.git",
		"https://github.com/org/repo/",
		"https://github.com/org/repo.git/",
		"https://github.com/org/repo/.git",
		"https://github.com//org//./repo",
		"https://GitHub.COM/org/repo",
		"https://github.com./org/repo",
		"https://github.com:443/org/repo",
		"https://www.github.com/org/repo",
		"https://ana@github.com/org/repo",
		"https://ana:pw@github.com/org/repo",
		"https://" GHP "@github.com/org/repo",
		"https://x-access-token:" GHP "@github.com/org/repo",
		"https://github.com/%6Frg/repo",
		"HTTPS://github.com/org/repo",
		"http://github.com/org/repo",
		"git://github.com/org/repo",
		"ssh://git@github.com/org/repo.git",
		"ssh://git@github.com:22/org/repo",
		"ssh://git@ssh.github.com:443/org/repo.git",
		"git+ssh://git@github.com/org/repo",
		"git@github.com:org/repo.git",
		"git@github.com:/org/repo.git",
		"github.com:org/repo",
		"[git@github.com:22]:org/repo",
		"git@[github.com:22]:org/repo",
	};

	(void)state;
	for (size_t i = 0; i < N(spellings); i++) {
		struct repo_url u = REPO_URL_INIT;
		struct error err = ERROR_INIT;

		assert_int_equal(repo_url_parse(&u, spellings[i], &err), 0);
		same(spellings[i], "canonical", u.canonical, "github.com/org/repo");
		same(spellings[i], "repo_name", u.repo_name, "org/repo");
		same(spellings[i], "backend_type", u.backend_type, "github");
		same(spellings[i], "github_owner", u.github_owner, "org");
		same(spellings[i], "github_repo", u.github_repo, "repo");
		assert_null(strstr(u.url, "pw"));
		assert_null(strstr(u.url, "p_0a"));
		repo_url_release(&u);
	}
}

static void remotes_are_understood(void **state)
{
	static const struct expected cases[] = {
		{ "https://gitlab.com/a/b/c/repo.git", SAME, "gitlab.com/a/b/c/repo", "a/b/c/repo",
			"remote", "https" },
		{ "ssh://git@altssh.gitlab.com:443/a/b", SAME, "gitlab.com/a/b", "a/b", "remote",
			"ssh" },
		{ "https://github.com/org/repo/tree", SAME, "github.com/org/repo/tree",
			"org/repo/tree", "remote", "https" },
		{ "https://github.com/org", SAME, "github.com/org", "org", "remote", "https" },
		{ "https://ana@dev.azure.com/o/p/_git/r", SAME, "dev.azure.com/o/p/_git/r",
			"o/p/_git/r", "remote", "https" },
		{ "ssh://host/~ana/x.git", SAME, "host/~ana/x", "~ana/x", "remote", "ssh" },
		{ "host:~ana/x.git", SAME, "host/~ana/x", "~ana/x", "remote", "ssh" },
		{ "host:x", SAME, "host/x", "x", "remote", "ssh" },
		{ "h:x/y", SAME, "h/x/y", "x/y", "remote", "ssh" },
		{ "host:a:b", SAME, "host/a:b", "a:b", "remote", "ssh" },
		{ "ssh://ana@[2001:DB8::1]:2222/o/r.git", SAME, "[2001:db8::1]/o/r", "o/r",
			"remote", "ssh" },
		{ "ana@[2001:db8::1]:o/r.git", SAME, "[2001:db8::1]/o/r", "o/r", "remote", "ssh" },
		{ "[::1]:o/r", SAME, "[::1]/o/r", "o/r", "remote", "ssh" },
		{ "http://[::1]:8080/r", SAME, "[::1]/r", "r", "remote", "https" },
		{ "git://host/r", SAME, "host/r", "r", "remote", "none" },
		{ "ftp://host/r", SAME, "host/r", "r", "remote", "none" },
		{ "https://host", SAME, "host", "host", "remote", "https" },
		{ "https://host/.git", SAME, "host", "host", "remote", "https" },
		{ "https://host/a%20b", SAME, "host/a b", "a b", "remote", "https" },
		{ "https://host/a%0Ab%00", SAME, "host/a%0Ab%00", "a%0Ab%00", "remote", "https" },
		{ "https://host/a%ff", SAME, "host/a%ff", "a%ff", "remote", "https" },
		{ "https://host/a%2", SAME, "host/a%2", "a%2", "remote", "https" },
		{ "host:a%20b", SAME, "host/a%20b", "a%20b", "remote", "ssh" },
		{ "hg::https://host/a/b", SAME, "host/a/b", "a/b", "remote", "https" },
	};

	(void)state;
	check(cases, N(cases));
}

static void credentials_are_gone(void **state)
{
	static const struct expected cases[] = {
		{ "https://ana:pw@host/o/r", "https://host/o/r", "host/o/r", "o/r", "remote",
			"https" },
		{ "https://ana:@host/o/r", "https://host/o/r", "host/o/r", "o/r", "remote",
			"https" },
		{ "https://ana:***@host/o/r", "https://host/o/r", "host/o/r", "o/r", "remote",
			"https" },
		{ "https://ana:p/w@host/o/r", "https://host/o/r", "host/o/r", "o/r", "remote",
			"https" },
		{ "https://ana:p@w@host/o/r", "https://host/o/r", "host/o/r", "o/r", "remote",
			"https" },
		{ "https://" GHP "@host/o/r", "https://host/o/r", "host/o/r", "o/r", "remote",
			"https" },
		{ "https://host/o/r?private_token=pw", "https://host/o/r", "host/o/r", "o/r",
			"remote", "https" },
		{ "https://host/o/r#pw", "https://host/o/r", "host/o/r", "o/r", "remote", "https" },
		{ "ssh://ana:pw@host:22/o/r", "ssh://host:22/o/r", "host/o/r", "o/r", "remote",
			"ssh" },
		{ "ana:pw@host:o/r", "host:o/r", "host/o/r", "o/r", "remote", "ssh" },
		{ "hg::https://ana:pw@host/r", "hg::https://host/r", "host/r", "r", "remote",
			"https" },
		{ "https://host/" GHP "/r", "https://host/[removed]/r", "host/[removed]/r",
			"[removed]/r", "remote", "https" },
	};

	(void)state;
	check(cases, N(cases));
}

static void paths_are_local(void **state)
{
	static const struct expected cases[] = {
		{ "/srv/git/x.git", SAME, "/srv/git/x.git", "local-x", "local", NULL },
		{ "/srv/x/", SAME, "/srv/x", "local-x", "local", NULL },
		{ "/srv/x/.git", SAME, "/srv/x/.git", "local-x", "local", NULL },
		{ "/srv/a:b", SAME, "/srv/a:b", "local-a:b", "local", NULL },
		{ "/srv/a%20b", SAME, "/srv/a%20b", "local-a%20b", "local", NULL },
		{ "/", SAME, "/", "local-repo", "local", NULL },
		{ ".", SAME, ".", "local-repo", "local", NULL },
		{ "../rel", SAME, "../rel", "local-rel", "local", NULL },
		{ "./a:b", SAME, "./a:b", "local-a:b", "local", NULL },
		{ "a/b", SAME, "a/b", "local-b", "local", NULL },
		{ "~/proj", SAME, "~/proj", "local-proj", "local", NULL },
		{ "file:///srv/git/x.git", SAME, "/srv/git/x.git", "local-x", "local", NULL },
		{ "file:///srv/a%20b", SAME, "/srv/a b", "local-a b", "local", NULL },
		{ "file://localhost/srv/x", SAME, "/srv/x", "local-x", "local", NULL },
		{ "C:\\work\\x", SAME, "C:\\work\\x", "local-x", "local", NULL },
		{ "c:/code/x.git", SAME, "c:/code/x.git", "local-x", "local", NULL },
	};

	(void)state;
	check(cases, N(cases));
}

static void what_is_no_url_is_refused(void **state)
{
	static const struct {
		const char *text, *msg;
	} cases[] = {
		{ "", "repository URL is empty" },
		{ "https:///org/repo", "repository URL 'https:///org/repo' has no host" },
		{ "ssh://", "repository URL 'ssh://' has no host" },
		{ "git@:x", "repository URL 'git@:x' has no host" },
		{ "file://", "repository URL 'file://' has no path" },
		{ "file://host", "repository URL 'file://host' has no path" },
		{ "https://./x", "repository URL 'https://./x' has no host" },
		{ "/a\nb", "repository URL '/a\\x0ab' contains control characters" },
		{ "https://ana:pw@h/\x1b[2J",
			"repository URL 'https://h/\\x1b[2J' contains control characters" },
		{ "/a\xe2\x80\xae", "repository URL '/a\\u202e' contains control characters" },
	};

	(void)state;
	for (size_t i = 0; i < N(cases); i++) {
		struct repo_url u = REPO_URL_INIT;
		struct error err = ERROR_INIT;

		assert_int_equal(repo_url_parse(&u, cases[i].text, &err), ERR_USAGE);
		assert_string_equal(err.msg, cases[i].msg);
		assert_null(u.url);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_spelling_of_one_repository_is_one),
		cmocka_unit_test(remotes_are_understood),
		cmocka_unit_test(credentials_are_gone),
		cmocka_unit_test(paths_are_local),
		cmocka_unit_test(what_is_no_url_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
