#include "repo/hub.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include "backends/json.h"
#include "backends/memory.h"
#include "backends/overlay.h"
#include "backends/registry.h"
#include "core/clock.h"
#include "core/fs.h"
#include "log/projector.h"
#include "repo/fallback.h"
#include "repo/repo.h"

/*
 * A hub that made us wait is left alone for a while by commands that somebody waits for; one that
 * said no at once costs nothing to ask again.
 */
#define SLOW_MS 300
#define REST_MS 10000
#define OWN_STORE "own.json"
#define PULL_TRIES 3 /* others may project while we pull */

static void digest(const struct buf *text, char out[HUB_ID_SIZE])
{
	char hash[HASH_HEX_SIZE];

	hash_bytes(text->data, text->len, hash);
	memcpy(out, hash, HUB_ID_SIZE - 1);
	out[HUB_ID_SIZE - 1] = '\0';
}

/* Without the password of "scheme://user:password@host". */
static void add_place(struct buf *out, const char *url)
{
	const char *at = url ? strstr(url, "://") : NULL;
	const char *host = at ? strchr(at + 3, '@') : NULL;
	const char *colon = host ? memchr(at + 3, ':', (size_t)(host - at - 3)) : NULL;

	if (colon) {
		buf_add(out, url, (size_t)(colon - url));
		url = host;
	}
	buf_addf(out, "%s\n", url ? url : "");
}

static void add_time(struct buf *out, const char *path)
{
	struct stat st;

	if (path && stat(path, &st) == 0)
		buf_addf(out, "%lld.%09ld\n", (long long)st.st_mtim.tv_sec, st.st_mtim.tv_nsec);
}

static int name_hub(
	struct repo_hub *t, const struct config *config, const char *hub, struct error *err)
{
	static const char *const keys[] = { "sessiondb.hub", "sessiondb.postgres.url",
		"sessiondb.postgres.service", "sessiondb.postgres.passfile",
		"sessiondb.postgres.sslmode", "sessiondb.postgres.sslrootcert",
		"sessiondb.location" };
	struct buf place = BUF_INIT, all = BUF_INIT;
	int r;

	add_place(&place, hub);
	add_place(&place, config_get(config, "sessiondb.postgres.url"));
	add_place(&place, config_get(config, "sessiondb.postgres.service"));
	add_place(&place, config_get(config, "sessiondb.location"));
	for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++) {
		const char *value = config_get(config, keys[i]);

		buf_addf(&all, "%s=%s\n", keys[i], value ? value : "");
	}
	add_time(&all, config_get(config, "sessiondb.postgres.passfile"));
	r = place.failed ? error_nomem(err) : buf_check(&all, err);
	if (r == 0) {
		digest(&place, t->id);
		digest(&all, t->settings);
	}
	buf_release(&place);
	buf_release(&all);
	return r;
}

int repo_hub_ask(struct repo *repo, struct error *err)
{
	struct repo_hub *t = &repo->hub;
	const char *hub = config_get(repo->config, "sessiondb.hub");
	const char *backend = config_get(repo->config, "sessiondb.backend");
	const char *url = config_get(repo->config, "sessiondb.postgres.url");
	bool same;
	int r;

	if (t->kind != REPO_HUB_UNASKED)
		return 0;
	if (hub && !*hub)
		hub = NULL;
	if ((hub && strcmp(hub, "none") == 0) || (!hub && !registry_is_hub(backend))) {
		t->kind = REPO_HUB_NONE;
		/* Hooks are not to start anything any more. */
		return repo->known && hub_due(repo->file.journal, INT64_MAX)
			? hub_due_set(repo->file.journal, INT64_MAX, err)
			: 0;
	}
	same = !hub || strcmp(hub, backend) == 0 || (url && strcmp(hub, url) == 0);
	r = name_hub(t, repo->config, hub ? hub : backend, err);
	if (r < 0)
		return r;
	t->kind = same && registry_is_hub(backend) ? REPO_HUB_SHARED : REPO_HUB_APART;
	if (repo->known)
		hub_state_read(&t->state, repo->file.journal, t->id);
	return 0;
}

void repo_hub_release(struct repo *repo)
{
	struct repo_hub *t = &repo->hub;

	heads_release(&t->heads);
	if (t->memory)
		t->memory->ops->close(t->memory);
	if (t->shared)
		t->shared->ops->close(t->shared);
	if (t->overlay)
		t->overlay->ops->close(t->overlay);
	if (t->own)
		t->own->ops->close(t->own);
	*t = (struct repo_hub){ .kind = REPO_HUB_UNASKED };
}

bool repo_hub_degraded(const struct repo *repo)
{
	return repo->hub.memory != NULL;
}

struct hub_key {
	const char *hub;
	char key[ID_HEX_SIZE];
};

static int keep_key(struct repo_file *repo, const void *arg, struct error *err)
{
	const struct hub_key *k = arg;

	return repo_file_set_hub_key(repo, k->hub, k->key, err);
}

/*
 * A hub that lost what it knew of us is asked to take up the key that we had: other machines have
 * it too.
 */
static int join(struct repo *repo, struct hub *hub, bool again, struct error *err)
{
	const char *known = repo_file_hub_key(&repo->file, repo->hub.id);
	const struct hub_repo identity = { .id = known ? known : repo->file.id,
		.name = repo->file.name,
		.urls = (const char *const *)repo->file.urls,
		.n_urls = repo->file.n_urls };
	struct hub_key k = { .hub = repo->hub.id };
	int r;

	if (known && !again)
		return 0;
	r = hub->ops->join(hub, &identity, k.key, err);
	if (r == 0 && known && strcmp(known, k.key) == 0)
		return 0;
	return r < 0 ? r : repo_change_file(repo, keep_key, &k, err);
}

static int run(struct repo *repo, struct hub *hub, const struct repo_hub_wish *wish,
	struct exchange_result *out, struct error *err)
{
	struct actor actor;
	struct exchange x = { .hub = hub,
		.until = wish->patient ? 0 : clock_monotonic_ms() + wish->deadline_ms,
		.tell = wish->tell,
		.arg = wish->arg };
	int r = join(repo, hub, false, err);

	if (r < 0)
		return r;
	actor_from_environment(&actor);
	x.host = actor.host;
	x.key = repo_file_hub_key(&repo->file, repo->hub.id);
	r = exchange_run(repo->journal, &x, out, err);
	if (r != ERR_NOTFOUND)
		return r;
	error_clear(err);
	r = join(repo, hub, true, err);
	x.key = repo_file_hub_key(&repo->file, repo->hub.id);
	return r < 0 ? r : exchange_run(repo->journal, &x, out, err);
}

/* What status shows; worth a question only to somebody who has time. */
static void look_around(struct repo_hub *t, struct hub *hub)
{
	struct error ignored = ERROR_INIT;
	struct buf text = BUF_INIT;

	if (hub->ops->location(hub, &text, &ignored) == 0)
		(void)snprintf(t->state.location, sizeof(t->state.location), "%s", text.data);
	buf_clear(&text);
	if (hub->ops->instance(hub, &text, &ignored) == 0)
		(void)snprintf(t->state.instance, sizeof(t->state.instance), "%s", text.data);
	(void)hub->ops->clock_skew(hub, &t->state.skew, &ignored);
	buf_release(&text);
}

/* Nobody waits for a hub that kept us waiting just now, or that will not let us in. */
static bool not_now(const struct repo_hub *t, const struct repo_hub_wish *wish)
{
	int64_t since = clock_now_ms() - t->state.tried_at;

	if (wish->patient || !t->state.fails)
		return false;
	if (t->failed)
		return true;
	if (t->state.next_try == INT64_MAX)
		return strcmp(t->state.settings, t->settings) == 0;
	return t->state.took_ms >= SLOW_MS && since >= 0 && since < REST_MS;
}

static void remember(struct repo *repo, struct hub *hub, const struct repo_hub_wish *wish, int r,
	int64_t took, const struct exchange_result *result, const struct error *err)
{
	struct repo_hub *t = &repo->hub;
	struct error ignored = ERROR_INIT;
	int64_t now = clock_now_ms();

	(void)snprintf(t->state.settings, sizeof(t->state.settings), "%s", t->settings);
	t->state.took_ms = took;
	if (hub && (r == 0 || !t->state.location[0]) && (wish->patient || !t->state.location[0]))
		look_around(t, hub);
	if (r < 0) {
		hub_state_failed(&t->state, r, err->msg, now);
	} else {
		hub_state_succeeded(&t->state, now);
		t->state.unpushed = result->unpushed;
		t->state.seq = t->at.seq;
		(void)snprintf(t->state.origin, sizeof(t->state.origin), "%s", t->at.origin);
		if (result->trouble) {
			(void)snprintf(t->state.failure, sizeof(t->state.failure), "%s",
				exchange_trouble_name(result->trouble));
			(void)snprintf(
				t->state.message, sizeof(t->state.message), "%s", result->what);
		}
	}
	(void)hub_state_write(&t->state, repo->file.journal, t->id, &ignored);
	(void)hub_due_set(repo->file.journal, t->state.next_try, &ignored);
}

static int attempt(struct repo *repo, const struct repo_hub_wish *wish, struct exchange_result *out,
	struct error *err)
{
	struct repo_hub *t = &repo->hub;
	int64_t began = clock_monotonic_ms();
	struct hub *hub = NULL;
	int r = journal_head(repo->journal, &t->at, err);

	/* Damage at our own end: others' events are welcome all the same. */
	if (r == ERR_CORRUPT) {
		error_clear(err);
		r = 0;
	}
	if (r == 0)
		r = registry_open_hub(&hub, repo->config, wish->deadline_ms, err);
	/* A module that is no hub, or settings that a person has to correct: nothing to remember.
	 */
	if (r == ERR_NOTFOUND)
		t->kind = REPO_HUB_NONE;
	if (r == ERR_NOTFOUND || r == ERR_USAGE)
		return r;
	if (r == 0)
		r = run(repo, hub, wish, out, err);
	t->tried = true;
	t->failed = r < 0;
	remember(repo, hub, wish, r, clock_monotonic_ms() - began, out, err);
	t->pulled += r == 0 ? out->done.pulled : 0;
	if (r == 0 && out->blanked)
		repo->stale_store = true;
	if (r == 0) {
		heads_release(&t->heads);
		r = heads_copy(&t->heads, &out->hub, err);
	}
	return r;
}

int repo_hub_exchange(struct repo *repo, const struct repo_hub_wish *wish,
	struct exchange_result *out, struct error *err)
{
	struct repo_hub *t = &repo->hub;
	int lock, r = repo_hub_ask(repo, err);

	if (r < 0)
		return r;
	if (t->kind == REPO_HUB_NONE)
		return error_set(err, ERR_NOTFOUND, "no hub is configured (sessiondb.hub)");
	hub_state_read(&t->state, repo->file.journal, t->id);
	if (not_now(t, wish)) {
		t->failed = true;
		error_set(err, t->state.next_try == INT64_MAX ? ERR_REFUSED : ERR_BACKEND, "%s",
			t->state.message);
		return error_hint(err, "try again: minsky sync");
	}
	r = hub_state_lock(repo->file.journal, wish->deadline_ms, &lock, err);
	if (r == ERR_BUSY)
		error_set(err, ERR_BUSY, "another minsky process is exchanging events");
	if (r < 0)
		return r;
	hub_state_read(&t->state, repo->file.journal, t->id);
	r = attempt(repo, wish, out, err);
	close(lock);
	return r;
}

bool repo_hub_moved(const struct repo *repo)
{
	struct error ignored = ERROR_INIT;
	struct head now;

	return journal_head(repo->journal, &now, &ignored) < 0 || now.seq != repo->hub.at.seq ||
		strcmp(now.origin, repo->hub.at.origin) != 0;
}

uint64_t repo_hub_unpushed(const struct repo *repo)
{
	const struct hub_state *s = &repo->hub.state;
	struct error ignored = ERROR_INIT;
	struct head now;

	if (journal_head(repo->journal, &now, &ignored) < 0)
		return s->unpushed;
	if (strcmp(now.origin, s->origin) != 0)
		return now.seq;
	return s->unpushed + (now.seq > s->seq ? now.seq - s->seq : 0);
}

/* Is everything of ours with the hub, as far as this command knows? */
static bool is_done(const struct repo *repo)
{
	return repo->hub.tried && !repo->hub.failed && !repo_hub_moved(repo);
}

static bool may_be_down(int code)
{
	return code == ERR_BACKEND || code == ERR_REFUSED || code == ERR_BUSY ||
		code == ERR_UNSUPPORTED;
}

/* The one line: why, from where the answer is, and how old the others' part of it is. */
static void tell(struct repo *repo, const char *why)
{
	char age[32];

	if (repo->hub.told)
		return;
	repo->hub.told = true;
	if (!repo->hub.state.done_at) {
		caller_warn(repo->caller,
			"%s; using this machine's journal, without events of other machines", why);
		return;
	}
	clock_format_age(repo->hub.state.done_at, clock_now_ms(), age);
	caller_warn(repo->caller,
		"%s; using this machine's journal, with events of other machines as of %s", why,
		age);
}

static int degrade(struct repo *repo, struct error *err)
{
	struct projector_result result = { 0 };
	int r = 0;

	if (repo->caller->require_backend) {
		err->code = ERR_BACKEND;
		return ERR_BACKEND;
	}
	tell(repo, err->msg);
	error_clear(err);
	if (!repo->hub.memory)
		r = memory_open(&repo->hub.memory, err);
	if (r < 0)
		return r;
	repo->backend = repo->hub.memory;
	return projector_run(repo->journal, repo->backend, repo->file.id, &result, err);
}

/* Rows that others write too are for showing: what is done here goes by what was folded here. */
static int lay_own_over(struct repo *repo, struct backend *shared, struct error *err)
{
	struct repo_hub *h = &repo->hub;
	struct buf path = BUF_INIT;
	int r = 0;

	fs_join(&path, repo->file.journal, OWN_STORE);
	if (!h->own)
		r = path.failed ? error_nomem(err) : json_backend_open(&h->own, path.data, err);
	buf_release(&path);
	if (h->shared)
		h->shared->ops->close(h->shared);
	if (h->overlay)
		h->overlay->ops->close(h->overlay);
	h->shared = h->overlay = NULL;
	if (r == 0)
		r = overlay_open(&h->overlay, shared, h->own, repo->file.id, err);
	if (r == 0)
		r = fallback_open(&h->shared, repo, h->overlay, err);
	if (r == 0)
		repo->backend = h->shared;
	return r;
}

/* A copy of what the journal says: one that cannot be read is made again. */
static int project_own(struct repo *repo, struct error *err)
{
	struct repo_hub *h = &repo->hub;
	struct buf path = BUF_INIT;
	int r = projector_run_own(repo->journal, h->own, repo->file.id, err);

	if (r != ERR_CORRUPT && r != ERR_UNSUPPORTED)
		return r;
	fs_join(&path, repo->file.journal, OWN_STORE);
	if (!path.failed && unlink(path.data) == 0) {
		error_clear(err);
		r = projector_run_own(repo->journal, h->own, repo->file.id, err);
	}
	buf_release(&path);
	return r;
}

bool repo_hub_leave_store(struct repo *repo, int code, struct error *err)
{
	if (!may_be_down(code) && code != ERR_CORRUPT)
		return false;
	if (code == ERR_CORRUPT && repo->caller->require_backend)
		return false;
	return degrade(repo, err) == 0;
}

/* Pull and project until the rows are those of everything that the hub has. */
static int project_shared(struct repo *repo, struct error *err)
{
	const struct repo_hub_wish wish = { .deadline_ms = TEAM_READ_MS };
	struct projector_result result = { 0 };
	struct backend *shared = NULL;
	int r = ERR_NOTFOUND;

	for (int i = 0; r == ERR_NOTFOUND && repo->hub.kind != REPO_HUB_NONE && i < PULL_TRIES;
		i++) {
		struct exchange_result got = { .complete = true };

		error_clear(err);
		r = i == 0 && is_done(repo) ? 0 : repo_hub_exchange(repo, &wish, &got, err);
		exchange_release(&got);
		if (r == 0 && !got.complete)
			r = error_set(err, ERR_BUSY,
				"there are more new events than one command fetches; to fetch the "
				"rest: minsky sync");
		if (r == 0 && got.unpushed)
			r = error_set(err, ERR_BUSY, "%s",
				got.trouble ? got.what : "own events could not be pushed");
		if (r == 0)
			r = registry_open(&shared, repo->config, err);
		if (r == 0)
			r = lay_own_over(repo, shared, err);
		if (r == 0 && repo->stale_store) {
			r = repo_empty_backend(repo, err);
			repo->stale_store = r < 0;
		}
		if (r == 0)
			r = projector_run_upto(repo->journal, shared, repo_store(repo),
				&repo->hub.heads, &result, err);
		if (r == 0)
			r = project_own(repo, err);
	}
	if (r == ERR_NOTFOUND && repo->hub.kind != REPO_HUB_NONE)
		r = error_set(err, ERR_BUSY, "other machines push faster than this one can fetch");
	return r;
}

int repo_hub_project(struct repo *repo, struct error *err)
{
	const struct repo_hub_wish wish = { .deadline_ms = TEAM_READ_MS };
	struct exchange_result got = { .complete = true };
	int r = repo_hub_ask(repo, err);

	if (r < 0 || repo->hub.kind == REPO_HUB_NONE)
		return r;
	if (repo->offline && repo->hub.kind == REPO_HUB_APART)
		return 0;
	if (repo->offline) {
		repo->hub.told = true;
		return degrade(repo, err);
	}
	if (repo->hub.kind == REPO_HUB_SHARED) {
		if (!repo->hub.memory)
			r = project_shared(repo, err);
		if (repo->hub.kind == REPO_HUB_NONE) {
			error_clear(err);
			return 0;
		}
		return repo->hub.memory || may_be_down(r) ? degrade(repo, err) : r;
	}
	/* With a store of our own a hub is only a matter of how much of the others we know. */
	if (repo->hub.tried || repo->hub.failed)
		return 0;
	r = repo_hub_exchange(repo, &wish, &got, err);
	exchange_release(&got);
	if (may_be_down(r) || r == ERR_NOTFOUND) {
		error_clear(err);
		r = 0;
	}
	return r;
}

void repo_hub_flush(struct repo *repo)
{
	const struct repo_hub_wish wish = { .deadline_ms = TEAM_WRITE_MS };
	const struct repo_hub_wish same = { .deadline_ms = TEAM_READ_MS };
	struct exchange_result got = { .complete = true };
	struct error ignored = ERROR_INIT;

	if (repo->hub.kind == REPO_HUB_UNASKED && repo->config && repo->known)
		(void)repo_hub_ask(repo, &ignored);
	if (!repo->known ||
		(repo->hub.kind != REPO_HUB_APART && repo->hub.kind != REPO_HUB_SHARED) ||
		!repo->wrote || is_done(repo))
		return;
	/* The connection that there is has the shorter deadline. */
	(void)repo_hub_exchange(
		repo, repo->hub.tried && !repo->hub.failed ? &same : &wish, &got, &ignored);
	exchange_release(&got);
}
