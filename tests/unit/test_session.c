/* What each event does to a session's record. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/clock.h"
#include "core/session.h"

#define ID "0193597a-0000-7000-8000-000000000001"
#define OTHER_ID "0193597a-0000-7000-8000-000000000002"
#define PR1 "0193597a-0000-7000-8000-0000000000a1"
#define PR2 "0193597a-0000-7000-8000-0000000000a2"
#define ORIGIN "0123456789abcdef0123456789abcdef"
#define CLONE "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define ELSEWHERE "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define REPO "cccccccccccccccccccccccccccccccc"
/* Commits. */
#define B1 "1010101010101010101010101010101010101010"
#define DETACHED "1111111111111111111111111111111111111111"
#define H0 "1212121212121212121212121212121212121212"
#define H1 "1313131313131313131313131313131313131313"
#define H2 "1414141414141414141414141414141414141414"
#define H3 "1515151515151515151515151515151515151515"
#define H4 "1616161616161616161616161616161616161616"
#define H5 "1717171717171717171717171717171717171717"
#define H6 "1818181818181818181818181818181818181818"
#define M "1919191919191919191919191919191919191919"
#define P1 "1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a"
#define P2 "1b1b1b1b1b1b1b1b1b1b1b1b1b1b1b1b1b1b1b1b"
#define OX "1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c"

static struct own_origin own_origin = { ORIGIN, UINT64_MAX };
static const struct own_origins own = { &own_origin, 1 };
static struct session s;
static uint64_t now; /* of the next event, minutes */

static int fresh(void **state)
{
	(void)state;
	session_release(&s);
	now = 0;
	return 0;
}

static int clean(void **state)
{
	(void)state;
	session_release(&s);
	return 0;
}

static int64_t minute(uint64_t n)
{
	return (int64_t)n * 60000;
}

/* Apply one event of session `id` at the next minute; the rest is put into the body as it is. */
static void apply_to(const char *id, const char *type, const char *rest, const char *data)
{
	char at[CLOCK_TEXT_SIZE];
	struct buf body = BUF_INIT;
	struct error err = ERROR_INIT;
	struct event_key key = { .origin = ORIGIN };
	struct event e;

	now++;
	key.hlc = now << 16;
	key.seq = now;
	clock_format(minute(now), at);
	buf_addf(&body, "{\"type\":\"%s\",\"session\":\"%s\",\"at\":\"%s\"%s,\"data\":{%s}}", type,
		id, at, rest, data);
	assert_int_equal(event_decode(&e, body.data, body.len, &key, &err), 0);
	assert_int_equal(session_apply(&s, &e, &own, &err), 0);
	event_release(&e);
	buf_release(&body);
}

static void apply(const char *type, const char *data)
{
	apply_to(ID, type, ",\"v\":1", data);
}

static void apply_git(const char *clone, const char *type, const char *data)
{
	struct buf rest = BUF_INIT;

	buf_addf(&rest,
		",\"v\":1,\"src\":{\"clone\":\"%s\",\"ref\":\"HEAD\",\"old\":\"" H1
		"\",\"new\":\"" H2 "\","
		"\"n\":1"
		"}",
		clone);
	apply_to(ID, type, rest.data, data);
	buf_release(&rest);
}

static void start(void)
{
	apply("session.starting", "\"name\":\"fix\",\"branch\":\"fix\"");
	apply("session.started", "\"clone\":\"" CLONE "\",\"head\":\"" H0 "\"");
}

static void is_status(const char *expected)
{
	assert_string_equal(session_status_name(session_status(&s)), expected);
}

static void who_started_it_and_when_it_took_its_name_stay(void **state)
{
	(void)state;
	apply_to(ID, "session.starting", ",\"v\":1,\"actor\":{\"user\":\"ana\",\"host\":\"mira\"}",
		"\"name\":\"fix\"");
	apply_to(
		ID, "session.started", ",\"v\":1,\"actor\":{\"user\":\"bob\"}", "\"name\":\"fix\"");
	assert_string_equal(s.started_user, "ana");
	assert_string_equal(s.started_host, "mira");
	assert_null(s.started_agent);
	assert_string_equal(s.started_origin, ORIGIN);
	assert_string_equal(s.claim_hlc, "0000000000010000");
	assert_string_equal(s.claim_origin, ORIGIN);
	apply("session.renamed", "\"name\":\"fix\"");
	assert_string_equal(s.claim_hlc, "0000000000010000");
	apply("session.renamed", "\"name\":\"other\"");
	assert_string_equal(s.claim_hlc, "0000000000040000");
	apply("session.updated",
		"\"set\":{\"claim\":{\"hlc\":\"0\"},\"startedBy\":{\"user\":\"eve\"}}");
	assert_string_equal(s.claim_hlc, "0000000000040000");
	assert_string_equal(s.started_user, "ana");
	apply("session.deleted", "");
	apply("session.restored", "");
	assert_string_equal(s.claim_hlc, "0000000000070000");
}

static void starting_and_started_fill_the_record(void **state)
{
	(void)state;
	apply("session.starting",
		"\"name\":\"fix\",\"repo\":\"" REPO "\",\"repoName\":\"org/repo\","
		"\"repoUrl\":\"u\",\"branch\":\"b\",\"baseBranch\":\"main\",\"taskId\":\"7\","
		"\"description\":\"d\",\"workspace\":\"/w\",\"backendType\":\"github\",\"github\":{"
		"\"owner\":\"o\",\"repo\":\"r\",\"tokenRef\":\"t\"},\"remote\":{\"authMethod\":"
		"\"ssh\",\"depth\":1},\"mode\":\"clone\"");
	is_status("starting");
	apply("session.started",
		"\"clone\":\"" CLONE "\",\"mainClone\":\"" ELSEWHERE "\",\"head\":\"" H0
		"\",\"workspace\":\"/w2\"");
	is_status("active");
	assert_string_equal(s.id, ID);
	assert_string_equal(s.repo_id, REPO);
	assert_string_equal(s.name, "fix");
	assert_string_equal(s.repo_name, "org/repo");
	assert_string_equal(s.repo_url, "u");
	assert_true(s.created_at == minute(1));
	assert_true(s.last_activity_at == minute(2));
	assert_string_equal(s.task_id, "7");
	assert_string_equal(s.description, "d");
	assert_string_equal(s.branch, "b");
	assert_string_equal(s.base_branch, "main");
	assert_string_equal(s.backend_type, "github");
	assert_string_equal(s.github_owner, "o");
	assert_string_equal(s.github_repo, "r");
	assert_string_equal(s.github_token_ref, "t");
	assert_string_equal(s.remote_auth_method, "ssh");
	assert_string_equal(s.remote_depth, "1");
	assert_string_equal(s.workspace, "/w2");
	assert_string_equal(s.mode, "clone");
	assert_string_equal(s.clone_id, CLONE);
	assert_string_equal(s.main_clone_id, ELSEWHERE);
	assert_string_equal(s.head, H0);
	assert_int_equal(s.n_events, 2);
	assert_int_equal(s.last_key.seq, 2);
}

static void a_failed_start_is_deleted(void **state)
{
	(void)state;
	apply("session.starting", "\"name\":\"fix\"");
	apply("session.start_failed", "\"name\":\"fix\",\"reason\":\"disk full\"");
	is_status("deleted");
	assert_true(s.deleted_at == minute(2));
}

static void only_restored_lifts_a_deletion(void **state)
{
	(void)state;
	start();
	apply("session.deleted", "\"reason\":\"done\"");
	apply("session.renamed", "\"name\":\"other\"");
	apply("session.started", "\"name\":\"other\"");
	apply("pr.created", "\"pr\":\"" PR1 "\"");
	apply_git(CLONE, "commit.created", "\"branch\":\"fix\",\"oid\":\"" H1 "\"");
	is_status("deleted");
	assert_string_equal(s.name, "fix");
	assert_string_equal(s.head, H0);
	assert_int_equal(s.n_prs, 0);
	assert_true(s.last_activity_at == minute(3));
	assert_int_equal(s.n_events, 7);
	apply("session.restored", "\"workspace\":\"/new\",\"clone\":\"" ELSEWHERE "\"");
	is_status("active");
	assert_true(s.deleted_at == 0);
	assert_string_equal(s.workspace, "/new");
	assert_string_equal(s.clone_id, ELSEWHERE);
}

static void renaming_leaves_pr_branches_alone(void **state)
{
	(void)state;
	start();
	apply("pr.created", "\"pr\":\"" PR1 "\",\"branchName\":\"pr/fix\"");
	apply("session.renamed", "\"from\":\"fix\",\"name\":\"mend\",\"workspace\":\"/m\"");
	assert_string_equal(s.name, "mend");
	assert_string_equal(s.branch, "fix");
	assert_string_equal(s.workspace, "/m");
	assert_string_equal(s.prs[0].branch_name, "pr/fix");
	apply("session.renamed", "\"from\":\"mend\",\"name\":\"b\",\"branch\":\"b\"");
	assert_string_equal(s.branch, "b");
}

static void updated_sets_and_removes_members(void **state)
{
	(void)state;
	start();
	apply("session.updated",
		"\"set\":{\"taskId\":\"9\",\"branch\":null,\"github\":{\"owner\":"
		"\"o\",\"x\":1.0},\"colour\":[1,  2],\"beta\":1e2,\"commitCount\":4,\"sessionId\":"
		"\"" OTHER_ID "\",\"repoId\":\"" REPO
		"\",\"status\":\"merged\",\"prState\":{},\"deletedAt\":\"2026-01-01T00:00:00Z\"}");
	assert_string_equal(s.id, ID);
	assert_string_equal(s.repo_id, "");
	assert_string_equal(s.task_id, "9");
	/* What every session has cannot be taken away. */
	assert_string_equal(s.branch, "fix");
	assert_string_equal(s.github_owner, "o");
	assert_string_equal(s.github_extra, "{\"x\":1.0}");
	assert_string_equal(s.extra, "{\"beta\":1e2,\"colour\":[1,  2]}");
	assert_int_equal(s.commit_count, 4);
	assert_int_equal(s.n_prs, 0);
	assert_true(s.deleted_at == 0);
	is_status("active");
	apply("session.updated", "\"set\":{\"beta\":null,\"colour\":\"red\",\"github\":null}");
	assert_string_equal(s.extra, "{\"colour\":\"red\"}");
	assert_null(s.github_owner);
	assert_null(s.github_extra);
	apply("session.updated", "\"set\":{\"colour\":null}");
	assert_null(s.extra);
}

static void a_note_replaces_the_one_before(void **state)
{
	(void)state;
	start();
	apply("session.noted", "\"state\":\"waiting\",\"text\":\"for review\"");
	assert_string_equal(s.note_state, "waiting");
	assert_string_equal(s.note_text, "for review");
	assert_true(s.noted_at == minute(3));
	apply("session.noted", "\"state\":\"done\"");
	assert_string_equal(s.note_state, "done");
	assert_null(s.note_text);
	assert_true(s.noted_at == minute(4));
}

static void an_import_replaces_the_record(void **state)
{
	(void)state;
	start();
	apply("session.imported",
		"\"record\":{\"session\":\"task#42\",\"sessionId\":\"" OTHER_ID
		"\",\"createdAt\":\"2024-04-29T10:00:00.000Z\",\"repoPath\":\"/old\",\"n\":1.0}");
	assert_string_equal(s.id, ID);
	assert_string_equal(s.name, "task#42");
	assert_null(s.branch);
	assert_true(s.created_at == INT64_C(1714384800000));
	assert_true(s.last_activity_at == s.created_at);
	assert_string_equal(s.extra, "{\"n\":1.0,\"repoPath\":\"/old\"}");
	assert_int_equal(s.n_events, 3);
	is_status("active");
}

static void a_session_that_was_found_has_moved(void **state)
{
	(void)state;
	start();
	apply("session.lost", "\"workspace\":\"/w\"");
	is_status("active");
	apply("session.found", "\"workspace\":\"/moved\",\"clone\":\"" ELSEWHERE "\"");
	assert_string_equal(s.workspace, "/moved");
	assert_string_equal(s.clone_id, ELSEWHERE);
}

static void commits_on_its_branch_count(void **state)
{
	(void)state;
	start();
	apply_git(CLONE, "commit.created", "\"branch\":\"fix\",\"oid\":\"" H1 "\"");
	apply_git(CLONE, "commit.created", "\"branch\":\"fix\",\"oid\":\"" H2 "\"");
	assert_int_equal(s.commit_count, 2);
	assert_string_equal(s.head, H2);
	assert_true(s.last_activity_at == minute(4));
	apply_git(CLONE, "commit.created", "\"branch\":\"other\",\"oid\":\"" OX "\"");
	apply_git(CLONE, "commit.created", "\"oid\":\"" DETACHED "\"");
	assert_int_equal(s.commit_count, 2);
	assert_string_equal(s.head, H2);
	assert_true(s.last_activity_at == minute(6));
	apply_git(CLONE, "commits.rewritten",
		"\"branch\":\"fix\",\"old\":\"" H2 "\",\"new\":\"" H3 "\"");
	assert_int_equal(s.commit_count, 2);
	assert_string_equal(s.head, H3);
	apply_git(CLONE, "merge.completed", "\"branch\":\"fix\",\"new\":\"" H4 "\"");
	assert_string_equal(s.head, H4);
	assert_true(s.last_activity_at == minute(8));
	apply_git(CLONE, "branch.moved", "\"branch\":\"fix\",\"new\":\"" H5 "\",\"how\":\"reset\"");
	assert_string_equal(s.head, H5);
	apply_git(CLONE, "branch.moved", "\"branch\":\"fix\",\"new\":\"" H6 "\",\"remote\":true");
	assert_string_equal(s.head, H5);
	assert_true(s.last_activity_at == minute(8));
	apply_git(CLONE, "branch.switched", "\"from\":\"fix\",\"to\":\"main\"");
	assert_true(s.last_activity_at == minute(11));
}

static void events_of_other_clones_do_not_count(void **state)
{
	(void)state;
	start();
	apply_git(ELSEWHERE, "commit.created", "\"branch\":\"fix\",\"oid\":\"" H1 "\"");
	apply("commit.created", "\"branch\":\"fix\",\"oid\":\"" H1 "\"");
	assert_int_equal(s.commit_count, 0);
	assert_string_equal(s.head, H0);
	assert_true(s.last_activity_at == minute(2));
	assert_int_equal(s.n_events, 4);
}

static void a_renamed_branch_is_followed(void **state)
{
	(void)state;
	start();
	apply_git(CLONE, "branch.renamed", "\"from\":\"x\",\"to\":\"y\"");
	assert_string_equal(s.branch, "fix");
	apply_git(CLONE, "branch.renamed", "\"from\":\"fix\",\"to\":\"mend\"");
	apply_git(CLONE, "commit.created", "\"branch\":\"mend\",\"oid\":\"" H1 "\"");
	assert_string_equal(s.branch, "mend");
	assert_int_equal(s.commit_count, 1);
}

static void activity_never_goes_back(void **state)
{
	(void)state;
	start();
	now = 10;
	apply("session.noted", "\"state\":\"done\"");
	assert_true(s.last_activity_at == minute(11));
	/* A clock that was set back: later in order, earlier in time. */
	apply_to(ID, "session.noted", ",\"v\":1", "");
	s.last_activity_at = minute(100);
	apply("session.noted", "");
	assert_true(s.last_activity_at == minute(100));
}

static void a_pr_lives_and_is_merged(void **state)
{
	const struct pr *pr;

	(void)state;
	start();
	assert_null(session_pr(&s));
	apply("pr.created",
		"\"pr\":\"" PR1 "\",\"branchName\":\"pr/fix\",\"head\":\"" P1
		"\",\"base\":\"main\","
		"\"baseOid\":\"" B1 "\",\"title\":\"T\",\"seen\":{\"workspace\":\"" P1 "\","
		"\"mainOrigin\":\"" P1 "\"}");
	pr = session_pr(&s);
	is_status("pr-open");
	assert_string_equal(pr->id, PR1);
	assert_string_equal(pr->branch_name, "pr/fix");
	assert_true(pr->exists);
	assert_true(pr->created_at == minute(3));
	assert_true(pr->last_checked == minute(3));
	assert_string_equal(pr->head, P1);
	assert_string_equal(pr->base, "main");
	assert_string_equal(pr->base_oid, B1);
	assert_string_equal(pr->title, "T");
	assert_string_equal(pr->seen[PR_PLACE_WORKSPACE], P1);
	assert_null(pr->seen[PR_PLACE_MAIN]);
	assert_string_equal(pr->seen[PR_PLACE_MAIN_ORIGIN], P1);
	apply("pr.updated",
		"\"pr\":\"" PR1 "\",\"head\":\"" P2 "\",\"seen\":{\"main\":\"" P2 "\"}");
	assert_string_equal(pr->head, P2);
	assert_string_equal(pr->title, "T");
	assert_null(pr->seen[PR_PLACE_WORKSPACE]);
	assert_string_equal(pr->seen[PR_PLACE_MAIN], P2);
	apply("pr.merged",
		"\"pr\":\"" PR1 "\",\"how\":\"merge\",\"commit\":\"" M "\",\"exists\":true");
	is_status("merged");
	assert_true(pr->merged_at == minute(5));
	assert_true(pr->exists);
	assert_string_equal(pr->merge_method, "merge");
	assert_string_equal(pr->merge_commit, M);
	assert_string_equal(pr->seen[PR_PLACE_MAIN], P2);
	apply("pr.branch_deleted", "\"pr\":\"" PR1 "\",\"old\":\"" P2 "\",\"seen\":{}");
	assert_false(pr->exists);
	assert_null(pr->seen[PR_PLACE_MAIN]);
	assert_true(pr->last_checked == minute(6));
	assert_int_equal(s.n_prs, 1);
}

/* What was seen is one thing, how old the knowledge of it is another. */
static void an_old_look_stays_old(void **state)
{
	(void)state;
	start();
	apply("pr.created",
		"\"pr\":\"" PR1 "\",\"head\":\"" P1 "\",\"checkedAt\":\"1970-01-01T00:01:00Z\"");
	assert_true(s.prs[0].created_at == minute(3));
	assert_true(s.prs[0].last_checked == minute(1));
	apply("pr.merged",
		"\"pr\":\"" PR1 "\",\"how\":\"ff\",\"checkedAt\":\"1970-01-01T00:02:00Z\"");
	assert_true(s.prs[0].merged_at == minute(4));
	assert_true(s.prs[0].last_checked == minute(2));
	apply("pr.branch_deleted", "\"pr\":\"" PR1 "\",\"checkedAt\":\"1970-01-01T00:05:00Z\"");
	assert_true(s.prs[0].last_checked == minute(5));
}

static void a_pr_is_closed_and_reopened(void **state)
{
	(void)state;
	start();
	apply("pr.created", "\"pr\":\"" PR1 "\",\"head\":\"" P1 "\"");
	apply("pr.closed", "\"pr\":\"" PR1 "\"");
	is_status("closed");
	assert_true(s.prs[0].exists);
	apply("pr.closed", "\"pr\":\"" PR1 "\",\"exists\":false,\"seen\":{}");
	assert_false(s.prs[0].exists);
	apply("pr.reopened", "\"pr\":\"" PR1 "\",\"head\":\"" P1 "\"");
	is_status("pr-open");
	assert_true(s.prs[0].exists);
	assert_true(s.prs[0].created_at == minute(3));
	apply("pr.closed", "\"pr\":\"" PR1 "\",\"exists\":false");
	apply("pr.merged", "\"pr\":\"" PR1 "\",\"how\":\"merge\",\"commit\":\"" M "\"");
	is_status("merged");
	assert_int_equal(s.n_prs, 1);
}

/* A branch pr/<name> that somebody had before is not the session's, under each of its names. */
static void what_a_name_had_before_is_kept(void **state)
{
	(void)state;
	start();
	assert_null(s.pr_before[PR_PLACE_MAIN]);
	apply("session.started", "\"seen\":{\"main\":\"" H1 "\"}");
	assert_string_equal(s.pr_before[PR_PLACE_MAIN], H1);
	apply("session.renamed", "\"from\":\"fix\",\"name\":\"mend\"");
	assert_string_equal(s.pr_before[PR_PLACE_MAIN], H1);
	apply("session.renamed",
		"\"from\":\"mend\",\"name\":\"cure\",\"seen\":{\"workspaceOrigin\":\"" H2 "\"}");
	assert_null(s.pr_before[PR_PLACE_MAIN]);
	assert_string_equal(s.pr_before[PR_PLACE_WORKSPACE_ORIGIN], H2);
}

static void an_approval_lapses_when_the_head_moves(void **state)
{
	(void)state;
	start();
	apply("pr.created", "\"pr\":\"" PR1 "\",\"head\":\"" P1 "\"");
	apply("pr.approved", "\"pr\":\"" PR1 "\",\"head\":\"" P1 "\"");
	is_status("approved");
	assert_true(s.prs[0].approved_at == minute(4));
	assert_string_equal(s.prs[0].approved_head, P1);
	apply("pr.updated", "\"pr\":\"" PR1 "\",\"head\":\"" P2 "\"");
	is_status("pr-open");
	apply("pr.approved", "\"pr\":\"" PR1 "\",\"head\":\"" P2 "\"");
	is_status("approved");
	apply("pr.branch_deleted", "\"pr\":\"" PR1 "\"");
	is_status("active");
}

static void closing_and_reopening(void **state)
{
	(void)state;
	start();
	apply("pr.created", "\"pr\":\"" PR1 "\",\"head\":\"" P1 "\"");
	apply("pr.closed", "\"pr\":\"" PR1 "\"");
	is_status("closed");
	assert_true(s.prs[0].closed_at == minute(4));
	apply("pr.reopened", "\"pr\":\"" PR1 "\",\"head\":\"" P2 "\"");
	is_status("pr-open");
	assert_string_equal(s.prs[0].head, P2);
	apply("pr.merged", "\"pr\":\"" PR1 "\",\"how\":\"ff\"");
	is_status("merged");
	apply("pr.reopened", "\"pr\":\"" PR1 "\"");
	is_status("pr-open");
	assert_null(s.prs[0].merge_method);
}

static void the_next_pr_starts_over(void **state)
{
	(void)state;
	start();
	apply("pr.created", "\"pr\":\"" PR1 "\",\"head\":\"" P1 "\",\"title\":\"one\"");
	apply("pr.merged", "\"pr\":\"" PR1 "\"");
	assert_false(s.prs[0].exists);
	apply("pr.created", "\"pr\":\"" PR2 "\",\"head\":\"" P2 "\",\"title\":\"two\"");
	is_status("pr-open");
	assert_int_equal(s.n_prs, 2);
	assert_string_equal(session_pr(&s)->title, "two");
	assert_true(session_pr(&s)->merged_at == 0);
	apply("pr.updated", "\"pr\":\"" PR1 "\",\"title\":\"late\"");
	assert_string_equal(s.prs[0].title, "late");
	assert_string_equal(s.prs[1].title, "two");
	/* The same id again is the same PR. */
	apply("pr.created", "\"pr\":\"" PR2 "\",\"title\":\"too\"");
	assert_int_equal(s.n_prs, 2);
	assert_string_equal(s.prs[1].title, "too");
	assert_true(s.prs[1].created_at == minute(5));
	/* Without an id the newest is meant. */
	apply("pr.closed", "");
	assert_true(s.prs[1].closed_at == minute(8));
}

static void a_pr_nobody_announced_is_made(void **state)
{
	(void)state;
	start();
	apply("pr.checked", "");
	assert_int_equal(s.n_prs, 0);
	apply("pr.merged", "\"pr\":\"" PR1 "\",\"how\":\"squash\",\"head\":\"" P1 "\"");
	assert_int_equal(s.n_prs, 1);
	assert_string_equal(s.prs[0].id, PR1);
	assert_string_equal(s.prs[0].head, P1);
	assert_true(s.prs[0].created_at == minute(4));
	is_status("merged");
	apply("pr.created", "\"pr\":\"" PR1 "\",\"branchName\":\"pr/fix\"");
	assert_int_equal(s.n_prs, 1);
	assert_string_equal(s.prs[0].branch_name, "pr/fix");
	is_status("merged");
}

static void a_check_is_as_old_as_what_it_saw(void **state)
{
	(void)state;
	start();
	apply("pr.created", "\"pr\":\"" PR1 "\",\"head\":\"" P1 "\"");
	apply("pr.checked",
		"\"pr\":\"" PR1 "\",\"exists\":false,\"checkedAt\":\"1970-01-01T00:02:30.000Z\","
		"\"verdict\":\"unknown\"");
	assert_true(s.prs[0].last_checked == 150000);
	assert_false(s.prs[0].exists);
	assert_string_equal(s.prs[0].verdict, "unknown");
	assert_string_equal(s.prs[0].head, P1);
	assert_true(s.last_activity_at == minute(3));
	apply("pr.checked", "\"pr\":\"" PR1 "\",\"exists\":true,\"head\":\"" P2 "\"");
	assert_true(s.prs[0].last_checked == minute(5));
	assert_true(s.prs[0].exists);
	assert_string_equal(s.prs[0].head, P2);
	assert_null(s.prs[0].verdict);
}

static void newer_events_are_skipped_unless_critical(void **state)
{
	(void)state;
	start();
	apply("session.painted", "\"name\":\"x\"");
	apply_to(ID, "session.renamed", ",\"v\":3", "\"name\":\"x\"");
	assert_string_equal(s.name, "fix");
	assert_false(s.frozen);
	assert_int_equal(s.n_events, 4);
	apply_to(ID, "session.painted", ",\"v\":1,\"crit\":true", "");
	assert_true(s.frozen);
	apply("session.renamed", "\"name\":\"x\"");
	assert_string_equal(s.name, "fix");
	assert_int_equal(s.n_events, 6);
	assert_int_equal(s.last_key.seq, 6);
}

static void known_critical_events_are_applied(void **state)
{
	(void)state;
	start();
	apply_to(ID, "session.renamed", ",\"v\":1,\"crit\":true", "\"name\":\"x\"");
	assert_string_equal(s.name, "x");
	assert_false(s.frozen);
}

static void other_sessions_only_move_the_bookkeeping(void **state)
{
	(void)state;
	start();
	apply_to(OTHER_ID, "session.renamed", ",\"v\":1", "\"name\":\"x\"");
	apply("journal.opened", "\"schema\":1");
	apply("override.used", "\"guard\":\"x\"");
	assert_string_equal(s.name, "fix");
	assert_true(s.last_activity_at == minute(2));
	assert_int_equal(s.n_events, 5);
	assert_int_equal(s.last_key.seq, 5);
}

/* One member that does not fit, and the event says nothing: not what it got right either. */
static void an_event_with_a_misfit_says_nothing(void **state)
{
	static const struct {
		const char *type, *data;
	} odd[] = {
		{ "session.started", "\"name\":\"other\",\"branch\":null" },
		{ "session.started", "\"name\":7" },
		{ "session.renamed", "\"name\":\"other\",\"branch\":\"--all\"" },
		{ "session.renamed", "\"name\":\"--help\"" },
		{ "session.updated", "\"set\":{\"session\":\"other\",\"head\":\"HEAD\"}" },
		{ "session.updated", "\"set\":[1]" },
		{ "pr.created", "\"pr\":\"" PR1 "\",\"head\":\"--output=/x\"" },
		{ "pr.created", "\"pr\":\"" PR1 "\",\"seen\":{\"main\":\"x\"}" },
		{ "pr.merged", "\"pr\":\"" PR1 "\",\"how\":\"\\u001b[2J\"" },
	};

	(void)state;
	start();
	for (size_t i = 0; i < sizeof(odd) / sizeof(*odd); i++)
		apply(odd[i].type, odd[i].data);
	assert_string_equal(s.name, "fix");
	assert_string_equal(s.branch, "fix");
	assert_int_equal(s.n_prs, 0);
	assert_int_equal(s.n_events, 2 + sizeof(odd) / sizeof(*odd));
}

static void an_applied_event_changes_nothing_again(void **state)
{
	static const char body[] = "{\"type\":\"session.renamed\",\"session\":\"" ID
				   "\",\"at\":\"2026-01-01T00:00:00Z\",\"data\":{\"name\":\"x\"}}";
	struct event_key key = { .hlc = 2 << 16, .origin = ORIGIN, .seq = 2 };
	struct error err = ERROR_INIT;
	struct event e;

	(void)state;
	start();
	assert_int_equal(event_decode(&e, body, strlen(body), &key, &err), 0);
	assert_int_equal(session_apply(&s, &e, &own, &err), 0);
	assert_string_equal(s.name, "fix");
	assert_int_equal(s.n_events, 2);
	event_release(&e);
}

static void statuses_have_names(void **state)
{
	enum session_status status = SESSION_ACTIVE;

	(void)state;
	assert_true(session_status_parse("pr-open", &status));
	assert_int_equal(status, SESSION_PR_OPEN);
	assert_false(session_status_parse("PR-open", &status));
	assert_false(session_status_parse("", &status));
}

#define TEST(f) cmocka_unit_test_setup(f, fresh)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(who_started_it_and_when_it_took_its_name_stay),
		TEST(starting_and_started_fill_the_record),
		TEST(a_failed_start_is_deleted),
		TEST(only_restored_lifts_a_deletion),
		TEST(renaming_leaves_pr_branches_alone),
		TEST(updated_sets_and_removes_members),
		TEST(a_note_replaces_the_one_before),
		TEST(an_import_replaces_the_record),
		TEST(a_session_that_was_found_has_moved),
		TEST(commits_on_its_branch_count),
		TEST(events_of_other_clones_do_not_count),
		TEST(a_renamed_branch_is_followed),
		TEST(activity_never_goes_back),
		TEST(a_pr_lives_and_is_merged),
		TEST(an_old_look_stays_old),
		TEST(a_pr_is_closed_and_reopened),
		TEST(what_a_name_had_before_is_kept),
		TEST(an_approval_lapses_when_the_head_moves),
		TEST(closing_and_reopening),
		TEST(the_next_pr_starts_over),
		TEST(a_pr_nobody_announced_is_made),
		TEST(a_check_is_as_old_as_what_it_saw),
		TEST(newer_events_are_skipped_unless_critical),
		TEST(known_critical_events_are_applied),
		TEST(other_sessions_only_move_the_bookkeeping),
		TEST(an_event_with_a_misfit_says_nothing),
		TEST(an_applied_event_changes_nothing_again),
		TEST(statuses_have_names),
	};

	return cmocka_run_group_tests(tests, NULL, clean);
}
