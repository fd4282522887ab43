#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <unistd.h>

#include "git/workspace.h"
#include "lib/world.h"

/* up is the server; m, its clone, is the main repository, one commit ahead. */
static const char start[] = "repo up; cd up; commit a 1; git branch other; git branch deep/er\n"
			    "cd ..; git clone -q up m; cd m\n"
			    "commit mine 1\n";

struct made {
	struct git_repo repo;
	char *remote, *url;
	struct git_base base;
};

static void release(struct made *m)
{
	git_repo_release(&m->repo);
	git_base_release(&m->base);
	free(m->remote);
	free(m->url);
}

/* The plan that a command would make: the base as last fetched, else the local one. */
static int try(const char *main_dir, const char *branch, const char *dir, struct error *err)
{
	struct made m = { .remote = NULL };
	struct workspace_plan plan;
	int rc;

	if (git_repo_open(&m.repo, at(main_dir), err) < 0 ||
		git_repo_remote(&m.repo, &m.remote, &m.url, err) < 0 ||
		git_repo_default_base(&m.repo, &m.base, err) < 0)
		fail_msg("%s", err->msg);
	plan = (struct workspace_plan){ .main = &m.repo,
		.remote = m.remote,
		.remote_url = m.url,
		.branch = branch,
		.base_branch = m.base.branch,
		.base_oid = m.base.remote_oid ? m.base.remote_oid : m.base.local_oid,
		.base_is_local = !m.base.remote_oid,
		.quiet = true };
	rc = workspace_clone(&plan, at(dir), err);
	release(&m);
	return rc;
}

static void clone(const char *main_dir)
{
	struct error err = ERROR_INIT;

	if (try(main_dir, "s", "w", &err) != 0)
		fail_msg("%s", err.msg);
}

static void origin_is_what_it_is_for_the_main_repository(void **state)
{
	(void)state;
	sh(".", start);
	clone("m");
	assert_string_equal(ask("w", "git remote get-url origin"), at("up"));
	assert_string_equal(ask("w", "git remote get-url minsky"), at("m"));
	assert_string_equal(
		ask("w",
			"git for-each-ref --format='%(refname) %(objectname)' refs/remotes/origin"),
		ask("m",
			"git for-each-ref --format='%(refname) %(objectname)' "
			"refs/remotes/origin"));
	assert_string_equal(
		ask("w", "git symbolic-ref refs/remotes/origin/HEAD"), "refs/remotes/origin/main");
	assert_string_equal(ask("w", "git rev-parse minsky/main"), ask("m", "git rev-parse main"));
	/* What main has committed but not pushed is not published. */
	assert_string_equal(ask("w", "git rev-parse origin/main"), ask("up", "git rev-parse main"));
	assert_string_equal(ask("w", "git config --get-all remote.origin.fetch"),
		"+refs/heads/*:refs/remotes/origin/*");
	assert_string_equal(ask("w", "git config --get-all remote.minsky.fetch"),
		"+refs/heads/*:refs/remotes/minsky/*");
	sh("up", "git branch later main");
	sh("w", "git fetch -q --all; git rev-parse -q --verify origin/later >/dev/null");
}

static void the_session_branch_is_checked_out_without_upstream(void **state)
{
	(void)state;
	sh(".", start);
	clone("m");
	assert_string_equal(ask("w", "git symbolic-ref HEAD"), "refs/heads/s");
	assert_string_equal(ask("w", "git rev-parse s"), ask("up", "git rev-parse main"));
	assert_string_equal(ask("w", "git status --porcelain; ls"), "a");
	assert_string_equal(ask("w", "git config branch.s.merge || echo none"), "none");
	/* The base is here too, where the session starts, and follows origin. */
	assert_string_equal(ask("w", "git for-each-ref --format='%(refname)' refs/heads"),
		"refs/heads/main\nrefs/heads/s");
	assert_string_equal(ask("w", "git rev-parse main"), ask("up", "git rev-parse main"));
	assert_string_equal(ask("w", "git rev-parse --abbrev-ref main@{upstream}"), "origin/main");
	/* A name that both remotes have means origin's. */
	sh("w", "git switch -q other");
	assert_string_equal(ask("w", "git config branch.other.remote"), "origin");
	assert_string_equal(ask("w", "git reflog show s --format=%gs | head -1"),
		ask("w", "echo branch: Created from $(git rev-parse s)"));
}

static void objects_are_linked_and_their_own(void **state)
{
	(void)state;
	sh(".", start);
	clone("m");
	sh("w",
		"test ! -e .git/objects/info/alternates\n"
		"test \"$(find .git/objects -type f -links +1 | wc -l)\" -gt 3");
	/* Nothing that main throws away later is missed. */
	sh("m",
		"git reset -q --hard origin/main; git reflog expire --expire=now --all\n"
		"git gc -q --prune=now");
	sh("w", "git fsck --full 2>/dev/null; git log --oneline minsky/main >/dev/null");
}

static void without_a_remote_main_is_origin(void **state)
{
	(void)state;
	sh(".", "repo m; cd m; commit a 1; git branch other");
	clone("m");
	assert_string_equal(ask("w", "git remote -v | sed 's/\\t.*//' | sort -u"), "origin");
	/* The base is where the clone's HEAD was, and is checked out all the same. */
	assert_string_equal(ask("w", "ls; git status --porcelain"), "a");
	assert_string_equal(ask("w", "git remote get-url origin"), at("m"));
	assert_string_equal(
		ask("w", "git rev-parse origin/other"), ask("m", "git rev-parse other"));
	assert_string_equal(
		ask("w", "git symbolic-ref refs/remotes/origin/HEAD"), "refs/remotes/origin/main");
	sh("w", "commit b 1; git push -q origin s");
	assert_string_equal(ask("m", "git rev-parse s"), ask("w", "git rev-parse s"));
}

static void another_remotes_name_becomes_origin(void **state)
{
	(void)state;
	sh(".", start);
	sh("m", "git remote rename origin up.stream 2>/dev/null");
	clone("m");
	assert_string_equal(ask("w", "git remote get-url origin"), at("up"));
	assert_string_equal(
		ask("w", "git rev-parse origin/other"), ask("up", "git rev-parse other"));
	assert_string_equal(
		ask("w", "git config remote.origin.fetch"), "+refs/heads/*:refs/remotes/origin/*");
	assert_string_equal(
		ask("w", "git symbolic-ref refs/remotes/origin/HEAD"), "refs/remotes/origin/main");
}

static void relative_urls_still_mean_the_same(void **state)
{
	(void)state;
	sh(".", start);
	sh("m", "git remote set-url origin ../up; git remote set-url --push origin host:x");
	clone("m");
	sh("w", "git fetch -q origin");
	assert_string_equal(ask("w", "git config remote.origin.pushurl"), "host:x");
}

static void what_makes_work_correct_is_copied(void **state)
{
	(void)state;
	sh(".", start);
	sh("m",
		"git config user.name 'O\"Neil #1'; git config user.email o@x\n"
		"git config user.signingKey K; git config commit.gpgSign true; git config "
		"gpg.format ssh\n"
		"git config core.autocrlf true; git config core.eol lf; git config core.safecrlf "
		"false\n"
		"git config filter.up.clean 'tr A-Z a-z'; git config filter.up.smudge 'tr a-z "
		"A-Z'\n"
		"git config core.hooksPath /nowhere; git config branch.main.rebase true\n"
		"git config alias.x y; git config receive.denyCurrentBranch ignore\n"
		"echo '*.log' >>.git/info/exclude; echo 'a filter=up' >.git/info/attributes\n"
		"printf '[core]\\n\\tsshCommand = ssh -v\\n' >.git/more; git config include.path "
		"more\n"
		"chmod 600 .git/config");
	sh("up", "git switch -q main; commit a abc");
	sh("m", "git fetch -q");
	clone("m");
	assert_string_equal(ask("w", "git config --local user.name"), "O\"Neil #1");
	assert_string_equal(ask("w", "git config --local user.email"), "o@x");
	assert_string_equal(ask("w", "git config --local user.signingkey"), "K");
	assert_string_equal(ask("w", "git config --local commit.gpgsign"), "true");
	assert_string_equal(ask("w", "git config --local gpg.format"), "ssh");
	assert_string_equal(ask("w", "git config --local core.autocrlf"), "true");
	assert_string_equal(ask("w", "git config --local core.eol"), "lf");
	assert_string_equal(ask("w", "git config --local core.safecrlf"), "false");
	assert_string_equal(ask("w", "git config --local core.sshCommand"), "ssh -v");
	assert_string_equal(ask("w",
				    "git config --local --get-regexp "
				    "'hookspath|rebase|alias|receive|include' || true"),
		"");
	assert_string_equal(ask("w", "touch x.log; git status --porcelain"), "");
	assert_string_equal(ask("w", "tr -d '\\r' <a"), "ABC"); /* checked out through the filter */
	assert_string_equal(ask("w", "stat -c %a .git/config"), "600");
}

/* includeIf "gitdir:" gives main an identity that the workspace's place would not. */
static void conditional_identity_comes_along(void **state)
{
	(void)state;
	sh(".", start);
	sh(".",
		"printf '[user]\\n\\temail = every@where\\n[includeIf \"gitdir:%s/m/\"]\\n"
		"\\tpath = %s/work\\n' \"$PWD\" \"$PWD\" >config\n"
		"printf '[user]\\n\\temail = at@work\\n[alias]\\n\\tx = y\\n' >work");
	assert_int_equal(setenv("GIT_CONFIG_GLOBAL", at("config"), 1), 0);
	clone("m");
	assert_string_equal(ask("w", "git config user.email"), "at@work");
	assert_string_equal(ask("w", "git config alias.x || echo none"), "none");
}

static void the_users_templates_and_defaults_stay_out(void **state)
{
	(void)state;
	sh(".", start);
	sh(".",
		"mkdir -p tpl/hooks; echo 'exit 1' >tpl/hooks/post-checkout\n"
		"chmod +x tpl/hooks/post-checkout\n"
		"printf '[init]\\n\\ttemplateDir = %s/tpl\\n\\tdefaultRefFormat = reftable\\n"
		"[clone]\\n\\tdefaultRemoteName = x\\n\\trejectShallow = true\\n"
		"[branch]\\n\\tautoSetupMerge = always\\n[checkout]\\n\\tdefaultRemote = z\\n' "
		"\"$PWD\" >config");
	assert_int_equal(setenv("GIT_CONFIG_GLOBAL", at("config"), 1), 0);
	clone("m");
	assert_string_equal(ask("w", "ls .git/hooks 2>/dev/null || true"), "");
	assert_string_equal(ask("w", "git config branch.s.remote || echo none"), "none");
}

static void from_every_shape_of_main(void **state)
{
	(void)state;
	sh(".", start);
	sh("m",
		"git worktree add -q ../linked other; git switch -q --detach\n"
		"git config core.repositoryformatversion 1; git config extensions.worktreeConfig "
		"true\n"
		"git config --worktree user.email at@worktree");
	clone("m"); /* detached */
	assert_string_equal(ask("w", "git config user.email; git symbolic-ref HEAD; ls"),
		"at@worktree\nrefs/heads/s\na");
	assert_string_equal(ask("w", "git config extensions.worktreeConfig || echo none"), "none");
	sh(".", "rm -rf w; git -C m switch -q main");
	clone("linked");
	assert_string_equal(ask("w", "git symbolic-ref HEAD; ls; git rev-parse minsky/main"),
		ask("m", "echo refs/heads/s; echo a; git rev-parse main"));
	sh(".", "rm -rf w; git clone -q --bare up bare.git");
	clone("bare.git");
	assert_string_equal(ask("w", "git symbolic-ref HEAD; git remote get-url origin; ls"),
		ask("up", "echo refs/heads/s; pwd -P; echo a"));
	sh(".", "rm -rf w bare.git; git clone -q --mirror up bare.git");
	clone("bare.git");
	assert_string_equal(ask("w",
				    "git config remote.origin.fetch; "
				    "git config remote.origin.mirror || echo none"),
		"+refs/heads/*:refs/remotes/origin/*\nnone");
}

static void from_a_shallow_main(void **state)
{
	(void)state;
	sh(".", start);
	sh("up", "git switch -q main; commit a 2; commit a 3");
	sh(".", "git clone -q --depth 1 --no-single-branch file://\"$PWD\"/up shallow");
	clone("shallow");
	assert_string_equal(ask("w", "cat a; git rev-parse --is-shallow-repository"), "3\ntrue");
	assert_string_equal(
		ask("w", "git rev-parse origin/other"), ask("up", "git rev-parse other"));
	sh("w", "commit a 4; git push -q origin s");
}

static void from_a_blobless_main(void **state)
{
	(void)state;
	sh(".", start);
	sh("up",
		"git config uploadpack.allowFilter true; git config uploadpack.allowAnySHA1InWant "
		"true\n"
		"git switch -q main; commit a 2; commit a 3");
	sh(".",
		"git clone -q --filter=blob:none file://\"$PWD\"/up part; git -C part remote "
		"rename "
		"origin far 2>/dev/null");
	clone("part");
	assert_string_equal(ask("w",
				    "git config remote.origin.promisor; "
				    "git config remote.origin.partialclonefilter; cat a"),
		"true\nblob:none\n3");
	/* An old blob is nowhere on this disk, and comes from the server. */
	assert_string_equal(ask("w", "git show HEAD~1:a"), "2");
}

static void thousands_of_refs_are_packed(void **state)
{
	(void)state;
	sh(".", start);
	sh("m",
		"o=$(git rev-parse main); seq 1 3000 | "
		"sed \"s|.*|create refs/remotes/origin/x/& $o|\" | git update-ref --stdin\n"
		"git pack-refs --all");
	clone("m");
	assert_string_equal(ask("w", "git for-each-ref refs/remotes/origin/x | wc -l"), "3000");
	assert_string_equal(ask("w", "find .git/refs/remotes/origin -type f | wc -l"), "1");
}

static void submodules_are_left_alone(void **state)
{
	(void)state;
	sh(".", start);
	sh(".",
		"repo sub; cd sub; commit f 1; cd ../up; git switch -q main\n"
		"git -c protocol.file.allow=always submodule --quiet add \"$HOME/sub\" sub; tick\n"
		"git commit -q -m sub; cd ../m; git fetch -q");
	clone("m");
	assert_string_equal(
		ask("w", "ls sub; git status --porcelain; ls .git/modules 2>&1 | wc -l"), "1");
}

static void failures_leave_nothing_behind(void **state)
{
	struct error err = ERROR_INIT;
	struct git_repo r = { .top = NULL };
	struct workspace_plan plan = { .main = &r,
		.branch = "s",
		.base_branch = "main",
		.base_oid = "1234567890123456789012345678901234567890",
		.quiet = true };

	(void)state;
	sh(".", start);
	assert_int_equal(git_repo_open(&r, at("m"), &err), 0);
	assert_true(workspace_clone(&plan, at("w"), &err) < 0);
	assert_non_null(strstr(err.msg, "cannot create workspace"));
	sh(".", "test ! -e w; echo mine >w");
	assert_int_equal(workspace_clone(&plan, at("w"), &err), ERR_REFUSED);
	assert_string_equal(ask(".", "cat w"), "mine");
	sh(".", "rm w; ln -s nowhere w");
	assert_int_equal(workspace_clone(&plan, at("w"), &err), ERR_REFUSED);
	assert_string_equal(ask(".", "readlink w"), "nowhere");
	git_repo_release(&r);
	/* A filter that fails breaks the checkout. */
	sh(".", "rm w");
	sh("m",
		"git config filter.no.smudge false; git config filter.no.required true\n"
		"echo 'a filter=no' >.git/info/attributes");
	assert_int_equal(try("m", "s", "w", &err), ERR_GIT);
	sh(".", "test ! -e w");
}

static void foreign_objects_are_copied_not_linked(void **state)
{
	(void)state;
	if (geteuid() != 0)
		skip();
	sh(".", start);
	sh(".", "printf '[safe]\\n\\tdirectory = *\\n' >config; chown -R 12345 m/.git");
	assert_int_equal(setenv("GIT_CONFIG_GLOBAL", at("config"), 1), 0);
	clone("m");
	assert_string_equal(ask("w", "find .git/objects -type f -links +1 | wc -l"), "0");
}

static void branch_check(const char *branch, enum error_code code, const char *words)
{
	struct git_repo r = { .top = NULL };
	struct error err = ERROR_INIT;
	int rc;

	assert_int_equal(git_repo_open(&r, at("m"), &err), 0);
	rc = workspace_check_branch(&r, "origin", branch, &err);
	if (rc != (int)code || (rc < 0 && !strstr(err.msg, words)))
		fail_msg("%s: %d '%s'", branch, rc, err.msg);
	git_repo_release(&r);
}

static void taken_branches_are_refused(void **state)
{
	(void)state;
	sh(".", start);
	sh("m", "git branch local; git branch tree/x");
	branch_check("free", ERR_OK, "");
	branch_check("tree/y", ERR_OK, "");
	branch_check("localx", ERR_OK, "");
	branch_check("loca", ERR_OK, "");
	branch_check("local", ERR_REFUSED, "'local' already exists in the main repository");
	branch_check("other", ERR_REFUSED, "'other' already exists on origin (as last fetched)");
	branch_check("local/x", ERR_REFUSED, "branch 'local' exists in the main repository");
	branch_check("tree", ERR_REFUSED, "branch 'tree/x' exists in the main repository");
	branch_check("deep", ERR_REFUSED, "branch 'deep/er' exists on origin (as last fetched)");
	branch_check("deep/er/x", ERR_REFUSED, "cannot create branch 'deep/er/x'");
	branch_check("pr", ERR_REFUSED, "would conflict with the PR branches");
	sh("m", "git branch pr/some");
	branch_check("free", ERR_OK, "");
	sh("m", "git branch -D -q pr/some; git branch pr");
	branch_check("free", ERR_REFUSED, "the branch 'pr' in the main repository conflicts");
	sh("m", "git branch -D -q pr; git update-ref refs/remotes/origin/pr HEAD");
	branch_check("free", ERR_REFUSED, "the branch 'pr' on origin (as last fetched) conflicts");
}

static void status_lists_files_harmlessly(void **state)
{
	struct buf out = BUF_INIT;
	struct error err = ERROR_INIT;

	(void)state;
	sh(".", start);
	assert_int_equal(workspace_status(at("m"), &out, &err), 0);
	assert_string_equal(out.data, "");
	sh("m",
		"echo 2 >a; mkdir d; touch d/x d/y; printf x >\"$(printf 'e\\033f')\"\n"
		"git config status.showUntrackedFiles no; git mv mine yours");
	assert_int_equal(workspace_status(at("m"), &out, &err), 0);
	assert_string_equal(out.data, " M a\nR  mine -> yours\n?? d/x\n?? d/y\n?? e\\x1bf\n");
	buf_release(&out);
	assert_true(workspace_status(at("none"), &out, &err) < 0);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, world_setup, world_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(origin_is_what_it_is_for_the_main_repository),
		CASE(the_session_branch_is_checked_out_without_upstream),
		CASE(objects_are_linked_and_their_own),
		CASE(without_a_remote_main_is_origin),
		CASE(another_remotes_name_becomes_origin),
		CASE(relative_urls_still_mean_the_same),
		CASE(what_makes_work_correct_is_copied),
		CASE(conditional_identity_comes_along),
		CASE(the_users_templates_and_defaults_stay_out),
		CASE(from_every_shape_of_main),
		CASE(from_a_shallow_main),
		CASE(from_a_blobless_main),
		CASE(thousands_of_refs_are_packed),
		CASE(submodules_are_left_alone),
		CASE(failures_leave_nothing_behind),
		CASE(foreign_objects_are_copied_not_linked),
		CASE(taken_branches_are_refused),
		CASE(status_lists_files_harmlessly),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
