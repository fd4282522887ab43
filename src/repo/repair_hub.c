#include "repo/repair_hub.h"

#include "backends/registry.h"
#include "core/fs.h"
#include "log/repair.h"
#include "log/verify.h"

#define DEADLINE_MS 30000

/* Of this repository, as it is known there; NULL: never exchanged. */
static const char *open_hub(struct repo *repo, struct hub **out, struct error *err)
{
	const char *key;

	if (repo_hub_ask(repo, err) < 0 || repo->hub.kind == REPO_HUB_NONE)
		return NULL;
	key = repo_file_hub_key(&repo->file, repo->hub.id);
	if (!key || registry_open_hub(out, repo->config, DEADLINE_MS, err) < 0)
		return NULL;
	return key;
}

/* Is something damaged or missing, or was it given up earlier? */
static int needs_repair(
	struct repo *repo, const struct heads *remembered, bool *out, struct error *err)
{
	const struct repair_options dry = { .dry_run = true, .remembered = remembered };
	struct repair_result result = { .origins = 0 };
	struct heads here = HEADS_INIT;
	uint64_t lost = 0;
	int r = journal_repair(repo->journal, &dry, &result, NULL, NULL, err);

	if (r == 0)
		r = journal_heads(repo->journal, &here, err);
	for (size_t i = 0; r == 0 && !lost && i < here.n; i++)
		r = journal_lost(repo->journal, here.v[i].origin, UINT64_MAX, &lost, err);
	heads_release(&here);
	*out = result.origins > 0 || lost > 0;
	return r;
}

static bool is_here(struct repo *repo, const struct heads *here, const char *origin)
{
	return heads_find(here, origin) || strcmp(origin, journal_origin(repo->journal)) == 0;
}

static int fetch(struct repair_hub *h, struct repo *repo, struct hub *hub, const char *key,
	const struct heads *there, struct error *err)
{
	struct heads here = HEADS_INIT;
	int r = journal_heads(repo->journal, &here, err);

	if (r == 0)
		r = fs_remove_tree(h->dir.data, err);
	if (r == 0)
		r = fs_mkdirs(h->dir.data, 0700, err);
	for (size_t i = 0; r == 0 && i < there->n; i++)
		if (is_here(repo, &here, there->v[i].origin))
			r = exchange_copy(hub, key, &there->v[i], h->dir.data, err);
	heads_release(&here);
	return r;
}

/*
 * Only this machine writes to its origin, so that what the hub has more of it was lost here. Of
 * others it may just have more than was pulled.
 */
static int add_own(
	struct heads *all, struct repo *repo, const struct heads *there, struct error *err)
{
	const struct head *own = heads_find(there, journal_origin(repo->journal));
	const struct head *known = own ? heads_find(all, own->origin) : NULL;

	if (!own || (known && known->seq >= own->seq))
		return 0;
	return heads_set(all, own->origin, own->seq, own->hash, err);
}

/* `remembered` grows only when the records are at hand: others would be declared lost. */
static int ask(struct repair_hub *h, struct repo *repo, struct hub *hub, const char *key,
	struct heads *remembered, struct error *err)
{
	struct heads there = HEADS_INIT, all = HEADS_INIT;
	bool needed = false;
	int r = hub->ops->heads(hub, key, &there, err);

	if (r == 0)
		r = heads_copy(&all, remembered, err);
	if (r == 0)
		r = add_own(&all, repo, &there, err);
	if (r == 0)
		r = needs_repair(repo, &all, &needed, err);
	if (r < 0 || !needed)
		goto out;
	fs_join(&h->dir, repo->file.journal, "from-hub");
	r = buf_check(&h->dir, err);
	if (r == 0)
		r = fetch(h, repo, hub, key, &there, err);
	if (r == 0) {
		struct heads old = *remembered;

		*remembered = all;
		all = old;
		h->ready = true;
	}
out:
	heads_release(&there);
	heads_release(&all);
	return r;
}

int repair_hub_ask(
	struct repair_hub *h, struct repo *repo, struct heads *remembered, struct error *err)
{
	struct hub *hub = NULL;
	const char *key = open_hub(repo, &hub, err);
	int r = key ? ask(h, repo, hub, key, remembered, err) : err->code;

	if (r < 0 && r != ERR_NOMEM) {
		caller_warn(repo->caller, "cannot restore records from the hub: %s", err->msg);
		error_clear(err);
		r = 0;
	}
	return r;
}

void repair_hub_release(struct repair_hub *h)
{
	struct error ignored = ERROR_INIT;

	if (h->dir.len)
		(void)fs_remove_tree(h->dir.data, &ignored);
	buf_release(&h->dir);
}
