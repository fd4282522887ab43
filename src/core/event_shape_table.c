/* The table of event_shape.h. Order within a shape means nothing but for reading. */
#include "core/event_shape.h"

#define M(name, kind)                                                                              \
	{                                                                                          \
		(name), EVENT_KIND_##kind, NULL, NULL                                              \
	}
#define WORD(name, words)                                                                          \
	{                                                                                          \
		(name), EVENT_KIND_WORD, (words), NULL                                             \
	}
#define OF(name, kind, shape)                                                                      \
	{                                                                                          \
		(name), EVENT_KIND_##kind, NULL, &(shape)                                          \
	}
#define SHAPE(members)                                                                             \
	{                                                                                          \
		(members), sizeof(members) / sizeof(*(members))                                    \
	}
#define DEFINE(id, ...)                                                                            \
	static const struct event_member id##_members[] = { __VA_ARGS__ };                         \
	static const struct event_shape id = SHAPE(id##_members)

#define MODES "clone worktree"
#define MERGES "ff merge squash rebase"
#define STATES "working waiting blocked done"
#define VERDICTS "no nothing unknown"
#define PLACES "workspace main workspaceOrigin mainOrigin"

DEFINE(github, M("owner", TEXT), M("repo", TEXT), M("tokenRef", TEXT));
DEFINE(remote, M("authMethod", TEXT), M("depth", DEPTH));
DEFINE(seen, M("workspace", OID), M("main", OID), M("workspaceOrigin", OID), M("mainOrigin", OID));
DEFINE(parent, M("origin", ID), M("seq", COUNT));
DEFINE(head, M("origin", ID), M("seq", COUNT), M("hash", HASH));
DEFINE(evidence, M("kind", TEXT), WORD("place", PLACES), M("base", OID), M("tip", OID));

/* A record, and what of it session.updated may set. */
DEFINE(attention, M("at", TIME), WORD("state", STATES), M("text", TEXT));
DEFINE(claim, M("hlc", TEXT), M("origin", ID));
DEFINE(starter, M("agent", TEXT), M("host", TEXT), M("origin", ID), M("user", TEXT));
DEFINE(pr_record, M("approvedAt", TIME), M("approvedHead", OID), M("base", BRANCH),
	M("baseOid", OID), M("branchName", BRANCH), M("closedAt", TIME), M("createdAt", TIME),
	M("exists", FLAG), M("head", OID), M("id", UUID), M("lastChecked", TIME),
	M("mergeCommit", OID), WORD("mergeMethod", MERGES), M("mergedAt", TIME),
	OF("seen", OBJECT, seen), M("title", TEXT), WORD("verdict", VERDICTS));

#define RECORD_MEMBERS                                                                             \
	OF("attention", OBJECT, attention), M("backendType", TEXT), M("baseBranch", BRANCH),       \
		M("baseOid", OID), M("branch", BRANCH), OF("claim", OBJECT, claim),                \
		M("cloneId", ID), M("commitCount", COUNT), M("createdAt", TIME),                   \
		M("deletedAt", TIME), M("description", TEXT), OF("github", CHANGES, github),       \
		M("head", OID), M("lastActivityAt", TIME), M("mainCloneId", ID),                   \
		WORD("mode", MODES), OF("prBefore", OBJECT, seen),                                 \
		OF("prHistory", OBJECTS, pr_record), OF("prState", OBJECT, pr_record),             \
		OF("remote", CHANGES, remote), M("repoId", ID), M("repoName", TEXT),               \
		M("repoUrl", URL), M("session", NAME), M("sessionId", UUID),                       \
		OF("startedBy", OBJECT, starter), M("status", TEXT), M("taskId", TEXT),            \
		M("workspace", PATH)

DEFINE(record, RECORD_MEMBERS);

/* What session.starting and session.started both say. */
#define PLAN                                                                                       \
	M("name", NAME), M("repo", ID), M("repoName", TEXT), M("repoUrl", URL),                    \
		M("branch", BRANCH), M("baseBranch", BRANCH), M("taskId", TEXT),                   \
		M("description", TEXT), M("workspace", PATH), M("backendType", TEXT),              \
		OF("github", OBJECT, github), OF("remote", OBJECT, remote), WORD("mode", MODES),   \
		M("clone", ID), M("mainClone", ID), M("head", OID), M("base", OID)

/* Of an event of git: told by whom and when. */
#define TOLD M("us", COUNT), M("timeUnknown", FLAG), M("again", FLAG), M("past", FLAG)

/* Every pr.* may carry these: the fold takes them from any. */
#define PR                                                                                         \
	M("pr", UUID), M("branchName", BRANCH), M("head", OID), M("base", BRANCH),                 \
		M("baseOid", OID), M("title", TEXT), M("checkedAt", TIME), M("exists", FLAG),      \
		OF("seen", OBJECT, seen)

DEFINE(journal_opened, M("schema", COUNT), M("repo", ID), OF("parent", OBJECT, parent));
DEFINE(journal_forked, OF("parent", OBJECT, parent), M("reason", TEXT));
DEFINE(journal_repaired, M("segment", TEXT), M("offset", COUNT), M("bytes", COUNT), M("kept", TEXT),
	M("origin", ID), M("lastSeq", COUNT), M("lastHash", HASH), M("nextSeq", COUNT),
	M("nextHash", HASH), M("lost", COUNT));
DEFINE(journal_break, M("segment", TEXT), M("offset", COUNT), M("lastSeq", COUNT),
	M("lastHash", HASH), M("digest", HASH));
DEFINE(repo_identified, M("repo", ID), M("name", TEXT), M("urls", TEXTS), M("path", PATH),
	M("bare", FLAG));
DEFINE(event_redacted, M("origin", ID), M("seq", COUNT), M("reason", TEXT));
DEFINE(session_starting, PLAN);
DEFINE(session_started, PLAN, OF("seen", OBJECT, seen), M("adopted", FLAG));
DEFINE(session_start_failed, M("name", NAME), M("reason", TEXT));
DEFINE(session_renamed, M("from", NAME), M("name", NAME), M("branch", BRANCH), M("workspace", PATH),
	OF("seen", OBJECT, seen));
DEFINE(session_updated, M("from", REV), M("to", REV),
	WORD("how", "ff merge base-renamed base-chosen adopt"), OF("set", CHANGES, record));
DEFINE(session_noted, WORD("state", STATES), M("text", TEXT));
DEFINE(session_deleted, M("reason", TEXT), M("trash", PATH));
DEFINE(session_restored, M("workspace", PATH), M("clone", ID));
DEFINE(session_purged, M("trash", PATH), WORD("how", "expired asked"));
DEFINE(session_imported, OF("record", OBJECT, record));
DEFINE(session_lost, M("workspace", PATH));
DEFINE(session_found, M("workspace", PATH), M("clone", ID));
DEFINE(commit_created, M("oid", OID), M("branch", BRANCH), M("subject", TEXT),
	WORD("how", "commit merge cherry-pick revert am"), TOLD);
DEFINE(commits_rewritten, M("branch", BRANCH), M("old", OID), M("new", OID),
	WORD("how", "amend rebase"), TOLD);
DEFINE(branch_created, M("branch", BRANCH), M("oid", OID), M("remote", FLAG),
	WORD("how", "reset fetch push update"), TOLD);
DEFINE(branch_switched, M("from", TEXT), M("to", TEXT), TOLD);
DEFINE(branch_moved, M("branch", BRANCH), M("old", OID), M("new", OID), M("remote", FLAG),
	WORD("how", "reset fetch push update"), TOLD);
DEFINE(branch_renamed, M("from", BRANCH), M("to", BRANCH), TOLD);
DEFINE(branch_deleted, M("branch", BRANCH), M("old", OID), M("remote", FLAG), TOLD);
DEFINE(merge_completed, M("branch", BRANCH), M("old", OID), M("new", OID), WORD("how", "ff merge"),
	TOLD);
DEFINE(pr_any, PR);
DEFINE(pr_merged, PR, WORD("how", MERGES), M("commit", OID), OF("evidence", OBJECT, evidence));
DEFINE(pr_branch_deleted, PR, M("old", OID));
DEFINE(pr_checked, PR, WORD("verdict", VERDICTS));
DEFINE(hooks_installed, M("clone", ID), M("path", PATH), M("hooks", TEXTS));
DEFINE(hooks_removed, M("clone", ID), M("path", PATH));
DEFINE(backend_migrated, M("from", TEXT), M("to", TEXT), OF("heads", OBJECTS, head),
	M("digest", HASH));
DEFINE(override_used, M("guard", TEXT), M("reason", TEXT));

static const struct {
	const struct event_shape *shape;
	enum event_who who;
} types[] = {
	[EVENT_JOURNAL_OPENED] = { &journal_opened, EVENT_OF_MACHINE },
	[EVENT_JOURNAL_FORKED] = { &journal_forked, EVENT_OF_MACHINE },
	[EVENT_JOURNAL_REPAIRED] = { &journal_repaired, EVENT_OF_MACHINE },
	[EVENT_JOURNAL_BREAK] = { &journal_break, EVENT_OF_MACHINE },
	[EVENT_REPO_IDENTIFIED] = { &repo_identified, EVENT_OF_MACHINE },
	[EVENT_EVENT_REDACTED] = { &event_redacted, EVENT_OF_MACHINE },
	[EVENT_SESSION_STARTING] = { &session_starting, EVENT_BY_OWNER },
	[EVENT_SESSION_STARTED] = { &session_started, EVENT_BY_OWNER },
	[EVENT_SESSION_START_FAILED] = { &session_start_failed, EVENT_BY_OWNER },
	[EVENT_SESSION_RENAMED] = { &session_renamed, EVENT_BY_OWNER },
	[EVENT_SESSION_UPDATED] = { &session_updated, EVENT_BY_OWNER },
	[EVENT_SESSION_NOTED] = { &session_noted, EVENT_BY_ANYONE },
	[EVENT_SESSION_DELETED] = { &session_deleted, EVENT_BY_OWNER },
	[EVENT_SESSION_RESTORED] = { &session_restored, EVENT_BY_OWNER },
	[EVENT_SESSION_PURGED] = { &session_purged, EVENT_BY_OWNER },
	[EVENT_SESSION_IMPORTED] = { &session_imported, EVENT_BY_OWNER },
	[EVENT_SESSION_LOST] = { &session_lost, EVENT_BY_OWNER },
	[EVENT_SESSION_FOUND] = { &session_found, EVENT_BY_OWNER },
	[EVENT_COMMIT_CREATED] = { &commit_created, EVENT_BY_OWNER },
	[EVENT_COMMITS_REWRITTEN] = { &commits_rewritten, EVENT_BY_OWNER },
	[EVENT_BRANCH_CREATED] = { &branch_created, EVENT_BY_OWNER },
	[EVENT_BRANCH_SWITCHED] = { &branch_switched, EVENT_BY_OWNER },
	[EVENT_BRANCH_MOVED] = { &branch_moved, EVENT_BY_OWNER },
	[EVENT_BRANCH_RENAMED] = { &branch_renamed, EVENT_BY_OWNER },
	[EVENT_BRANCH_DELETED] = { &branch_deleted, EVENT_BY_OWNER },
	[EVENT_MERGE_COMPLETED] = { &merge_completed, EVENT_BY_OWNER },
	[EVENT_PR_CREATED] = { &pr_any, EVENT_BY_OWNER },
	[EVENT_PR_UPDATED] = { &pr_any, EVENT_BY_OWNER },
	[EVENT_PR_APPROVED] = { &pr_any, EVENT_BY_ANYONE },
	[EVENT_PR_MERGED] = { &pr_merged, EVENT_AS_HINT },
	[EVENT_PR_CLOSED] = { &pr_any, EVENT_BY_OWNER },
	[EVENT_PR_REOPENED] = { &pr_any, EVENT_BY_OWNER },
	[EVENT_PR_BRANCH_DELETED] = { &pr_branch_deleted, EVENT_AS_HINT },
	[EVENT_PR_CHECKED] = { &pr_checked, EVENT_AS_HINT },
	[EVENT_HOOKS_INSTALLED] = { &hooks_installed, EVENT_OF_MACHINE },
	[EVENT_HOOKS_REMOVED] = { &hooks_removed, EVENT_OF_MACHINE },
	[EVENT_BACKEND_MIGRATED] = { &backend_migrated, EVENT_OF_MACHINE },
	[EVENT_OVERRIDE_USED] = { &override_used, EVENT_OF_MACHINE },
};

#define N_TYPES (sizeof(types) / sizeof(*types))

const struct event_shape *event_shape(enum event_type type)
{
	static const struct event_shape nothing = { NULL, 0 };

	return (size_t)type < N_TYPES && types[type].shape ? types[type].shape : &nothing;
}

enum event_who event_who(enum event_type type)
{
	return (size_t)type < N_TYPES && types[type].shape ? types[type].who : EVENT_OF_MACHINE;
}
