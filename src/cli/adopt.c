#include "cli/context.h"

#include <unistd.h>

#include "cli/emit.h"
#include "core/fs.h"
#include "core/names.h"
#include "core/repo_url.h"
#include "hooks/bell.h"

int context_remember_program(const char *journal, struct error *err)
{
	struct buf file = BUF_INIT, have = BUF_INIT, want = BUF_INIT;
	struct error missing = ERROR_INIT;
	int r = fs_realpath("/proc/self/exe", &want, err);

	if (r < 0)
		goto out;
	buf_addch(&want, '\n');
	fs_join(&file, journal, "program");
	if (fs_read_private(file.data, 8192, &have, &missing) == 0 &&
		strcmp(have.data, want.data) == 0)
		goto out;
	r = fs_replace(file.data, want.data, want.len, 0600, false, err);
out:
	buf_release(&file);
	buf_release(&have);
	buf_release(&want);
	return r;
}

/* Making a repository known: two processes at once must not give it two identities. */
struct adoption {
	struct repo_url url; /* of its remote; of its path when it has none */
	bool has_remote;
	struct buf origin; /* git directory of a remote on this disk, or empty */
	struct buf journal;
	bool joins; /* a journal of this repository is there already */
};

static void adoption_release(struct adoption *a)
{
	repo_url_release(&a->url);
	buf_release(&a->origin);
	buf_release(&a->journal);
}

/* One without a remote is known by its path, to its clones as well. */
static bool is_origin(const struct repo *known, const struct adoption *a)
{
	return a->origin.len && !known->n_urls && known->main_path &&
		!strcmp(known->main_path, a->origin.data);
}

/* A journal of the same remote, or of the same path. */
static int find_journal(struct context *c, struct adoption *a, struct error *err)
{
	struct repo_list list = { NULL, 0 };
	int r = repo_list_load(&list, c->state.data, err);

	for (size_t i = 0; r == 0 && i < list.n && !a->joins; i++) {
		const struct repo *known = &list.v[i];
		bool same = a->has_remote
			? repo_has_url(known, a->url.canonical) || is_origin(known, a)
			: known->main_path && strcmp(known->main_path, c->common_dir.data) == 0;

		if (!same)
			continue;
		a->joins = true;
		buf_adds(&a->journal, known->journal);
		r = buf_check(&a->journal, err);
	}
	repo_list_release(&list);
	return r;
}

static int make_journal(struct context *c, struct adoption *a, bool bare, struct error *err)
{
	struct buf slug = BUF_INIT;
	struct emit e;
	struct jsonw *w;
	int r;

	emit_init(&e);
	r = id_random_hex(c->repo.id, err);
	if (r < 0)
		goto out;
	name_dir_slug(a->url.repo_name, &slug);
	buf_addf(&a->journal, "%s/journal/%s-%.8s", c->state.data, slug.data, c->repo.id);
	if (slug.failed || a->journal.failed) {
		r = error_nomem(err);
		goto out;
	}
	r = journal_create(a->journal.data, err);
	if (r < 0)
		goto out;
	c->repo.name = strdup(a->url.repo_name);
	c->repo.journal = strdup(a->journal.data);
	c->repo.main_path = strdup(c->common_dir.data);
	if (!c->repo.name || !c->repo.journal || !c->repo.main_path) {
		r = error_nomem(err);
		goto out;
	}
	if (a->has_remote)
		r = repo_add_url(&c->repo, a->url.canonical, err);
	if (r == 0)
		r = repo_save(&c->repo, err);
	if (r == 0)
		r = journal_open(&c->journal, a->journal.data, err);
	if (r < 0)
		goto out;
	w = emit_begin(&e, EVENT_JOURNAL_OPENED, NULL);
	jsonw_ku64(w, "schema", 1);
	jsonw_kstring(w, "repo", c->repo.id);
	r = emit_end(&e, err);
	if (r < 0)
		goto out;
	w = emit_begin(&e, EVENT_REPO_IDENTIFIED, NULL);
	jsonw_kstring(w, "repo", c->repo.id);
	jsonw_kstring(w, "name", c->repo.name);
	if (a->has_remote) {
		jsonw_key(w, "urls");
		jsonw_begin_array(w);
		jsonw_string(w, a->url.canonical);
		jsonw_end_array(w);
	}
	jsonw_kstring(w, "path", c->common_dir.data);
	jsonw_kbool(w, "bare", bare);
	r = emit_end(&e, err);
	if (r == 0)
		r = emit_append(&e, c, err);
out:
	emit_release(&e);
	buf_release(&slug);
	return r;
}

/* Give this clone its id and tie it to the journal; its history so far is not ours to tell. */
static int tie_clone(struct context *c, const char *journal, struct error *err)
{
	struct bell bell = { .git_dir = c->git_dir.data,
		.common_dir = c->common_dir.data,
		.pointer = &c->pointer,
		.via = "cli",
		.all_refs = true,
		.timeout_ms = 5000 };
	int r;

	(void)memcpy(c->pointer.repo, c->repo.id, sizeof(c->pointer.repo));
	c->pointer.journal = strdup(journal);
	if (!c->pointer.journal)
		return error_nomem(err);
	r = id_random_hex(c->pointer.clone, err);
	if (r == 0)
		r = context_add_clone(c, c->pointer.clone, c->common_dir.data, "", err);
	if (r == 0)
		r = bell_start(&bell, c->journal, err);
	/* Last, because a pointer is what makes hooks and commands believe that all is there. */
	if (r == 0)
		r = pointer_write(&c->pointer, c->common_dir.data, err);
	return r;
}

static int find_origin(struct adoption *a, const char *url, struct error *err)
{
	static const char *const suffixes[] = { "", ".git" };
	const char *path = strncmp(url, "file://", 7) ? url : url + 7;
	struct buf place = BUF_INIT, git_dir = BUF_INIT;
	int r = *path == '/' ? ERR_NOTFOUND : 0;

	for (size_t i = 0; r == ERR_NOTFOUND && i < sizeof(suffixes) / sizeof(*suffixes); i++) {
		buf_clear(&place);
		buf_addf(&place, "%s%s", path, suffixes[i]);
		error_clear(err);
		if (fs_is_dir(place.data))
			r = gitdir_find(place.data, false, &git_dir, &a->origin, NULL, err);
	}
	/* What is no repository that we may look at is none that we know. */
	if (r < 0 && r != ERR_NOMEM) {
		error_clear(err);
		buf_clear(&a->origin);
		r = 0;
	}
	if (r == 0 && a->origin.len)
		r = fs_realpath(a->origin.data, &place, err);
	if (r == 0 && a->origin.len) {
		buf_clear(&a->origin);
		buf_adds(&a->origin, place.data);
		r = buf_check(&a->origin, err);
	}
	buf_release(&place);
	buf_release(&git_dir);
	return r;
}

static int identify(
	struct adoption *a, const struct context *c, const struct git_repo *git, struct error *err)
{
	char *remote = NULL, *url = NULL;
	struct buf dir = BUF_INIT;
	int r;

	r = git_repo_remote(git, &remote, &url, err);
	if (r < 0)
		return r;
	a->has_remote = url != NULL;
	if (url) {
		r = repo_url_parse(&a->url, url, err);
		if (r == 0)
			r = find_origin(a, url, err);
	} else {
		r = context_main_dir(c, NULL, &dir, err);
		if (r == 0)
			r = repo_url_parse(&a->url, dir.data, err);
	}
	free(remote);
	free(url);
	buf_release(&dir);
	return r;
}

int context_would_join(struct context *c, const struct git_repo *git, bool *out, struct error *err)
{
	struct adoption a = { .url = REPO_URL_INIT, .origin = BUF_INIT, .journal = BUF_INIT };
	int r = identify(&a, c, git, err);

	if (r == 0)
		r = find_journal(c, &a, err);
	if (r == 0)
		*out = a.joins;
	adoption_release(&a);
	return r;
}

int context_adopt(struct context *c, const struct git_repo *git, bool *made_out, struct error *err)
{
	struct adoption a = { .url = REPO_URL_INIT, .origin = BUF_INIT, .journal = BUF_INIT };
	struct buf dir = BUF_INIT, lock = BUF_INIT;
	int lock_fd = -1, r;

	if (made_out)
		*made_out = false;
	if (c->known)
		return context_remember_program(c->repo.journal, err);
	fs_join(&dir, c->state.data, "journal");
	fs_join(&lock, dir.data, ".adopt.lock");
	r = fs_mkdirs(dir.data, 0700, err);
	if (r == 0)
		r = fs_check_private_dir(dir.data, err);
	if (r == 0)
		r = fs_lock(lock.data, 30000, &lock_fd, err);
	if (r == 0)
		r = identify(&a, c, git, err);
	if (r == 0)
		r = find_journal(c, &a, err);
	if (r < 0)
		goto out;
	if (a.joins) {
		r = repo_load(&c->repo, a.journal.data, err);
		if (r == 0)
			r = journal_open(&c->journal, a.journal.data, err);
	} else {
		r = make_journal(c, &a, git->bare, err);
	}
	if (r == 0)
		r = tie_clone(c, a.journal.data, err);
	if (r == 0)
		r = context_remember_program(a.journal.data, err);
	if (r < 0)
		goto out;
	c->known = true;
	if (made_out)
		*made_out = true;
	r = context_load_config(c, err);
out:
	if (lock_fd >= 0)
		close(lock_fd);
	adoption_release(&a);
	buf_release(&dir);
	buf_release(&lock);
	return r;
}
