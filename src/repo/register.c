#include "core/gitfiles/gitdir.h"
#include "repo/repo.h"

#include <unistd.h>

#include "core/fs.h"
#include "core/names.h"
#include "core/repo_url.h"
#include "hooks/observe/observe.h"
#include "repo/emit.h"

static int remember_program(const struct caller *caller, const char *journal, struct error *err)
{
	struct buf file = BUF_INIT, have = BUF_INIT, want = BUF_INIT;
	struct error missing = ERROR_INIT;
	int r = 0;

	if (!caller->program)
		return 0;
	buf_addf(&want, "%s\n", caller->program);
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
static bool is_origin(const struct repo_file *known, const struct adoption *a)
{
	return a->origin.len && !known->n_urls && known->main_path &&
		!strcmp(known->main_path, a->origin.data);
}

/* A journal of the same remote, or of the same path. */
static int find_journal(struct repo *repo, struct adoption *a, struct error *err)
{
	struct repo_file_list list = { NULL, 0 };
	int r = repo_file_list_load(&list, repo->state.data, err);

	for (size_t i = 0; r == 0 && i < list.n && !a->joins; i++) {
		const struct repo_file *known = &list.v[i];
		bool same = a->has_remote
			? repo_file_has_url(known, a->url.canonical) || is_origin(known, a)
			: known->main_path && strcmp(known->main_path, repo->common_dir.data) == 0;

		if (!same)
			continue;
		a->joins = true;
		buf_adds(&a->journal, known->journal);
		r = buf_check(&a->journal, err);
	}
	repo_file_list_release(&list);
	return r;
}

static int make_journal(struct repo *repo, struct adoption *a, bool bare, struct error *err)
{
	struct buf slug = BUF_INIT;
	struct emit e;
	struct jsonw *w;
	int r;

	emit_init(&e);
	r = id_random_hex(repo->file.id, err);
	if (r < 0)
		goto out;
	name_dir_slug(a->url.repo_name, &slug);
	buf_addf(&a->journal, "%s/journal/%s-%.8s", repo->state.data, slug.data, repo->file.id);
	if (slug.failed || a->journal.failed) {
		r = error_nomem(err);
		goto out;
	}
	r = journal_create(a->journal.data, err);
	if (r < 0)
		goto out;
	repo->file.name = strdup(a->url.repo_name);
	repo->file.journal = strdup(a->journal.data);
	repo->file.main_path = strdup(repo->common_dir.data);
	if (!repo->file.name || !repo->file.journal || !repo->file.main_path) {
		r = error_nomem(err);
		goto out;
	}
	if (a->has_remote)
		r = repo_file_add_url(&repo->file, a->url.canonical, err);
	if (r == 0)
		r = repo_file_save(&repo->file, err);
	if (r == 0)
		r = journal_open(&repo->journal, a->journal.data, err);
	if (r < 0)
		goto out;
	w = emit_begin(&e, EVENT_JOURNAL_OPENED, NULL);
	jsonw_ku64(w, "schema", 1);
	jsonw_kstring(w, "repo", repo->file.id);
	r = emit_end(&e, err);
	if (r < 0)
		goto out;
	w = emit_begin(&e, EVENT_REPO_IDENTIFIED, NULL);
	jsonw_kstring(w, "repo", repo->file.id);
	jsonw_kstring(w, "name", repo->file.name);
	if (a->has_remote) {
		jsonw_key(w, "urls");
		jsonw_begin_array(w);
		jsonw_string(w, a->url.canonical);
		jsonw_end_array(w);
	}
	jsonw_kstring(w, "path", repo->common_dir.data);
	jsonw_kbool(w, "bare", bare);
	r = emit_end(&e, err);
	if (r == 0)
		r = emit_append(&e, repo, err);
out:
	emit_release(&e);
	buf_release(&slug);
	return r;
}

/* Give this clone its id and tie it to the journal; its history so far is not ours to tell. */
static int tie_clone(struct repo *repo, const char *journal, struct error *err)
{
	struct observation bell = { .git_dir = repo->git_dir.data,
		.common_dir = repo->common_dir.data,
		.pointer = &repo->pointer,
		.via = "cli",
		.all_refs = true,
		.timeout_ms = 5000 };
	int r;

	(void)memcpy(repo->pointer.repo, repo->file.id, sizeof(repo->pointer.repo));
	repo->pointer.journal = strdup(journal);
	if (!repo->pointer.journal)
		return error_nomem(err);
	r = id_random_hex(repo->pointer.clone, err);
	if (r == 0)
		r = repo_add_clone(repo, repo->pointer.clone, repo->common_dir.data, "", err);
	if (r == 0)
		r = observe_start(&bell, repo->journal, err);
	/* Last, because a pointer is what makes hooks and commands believe that all is there. */
	if (r == 0)
		r = pointer_write(&repo->pointer, repo->common_dir.data, err);
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
	struct adoption *a, const struct repo *repo, const struct git_repo *git, struct error *err)
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
		r = repo_main_dir(repo, NULL, &dir, err);
		if (r == 0)
			r = repo_url_parse(&a->url, dir.data, err);
	}
	free(remote);
	free(url);
	buf_release(&dir);
	return r;
}

int repo_would_join(struct repo *repo, const struct git_repo *git, bool *out, struct error *err)
{
	struct adoption a = { .url = REPO_URL_INIT, .origin = BUF_INIT, .journal = BUF_INIT };
	int r = identify(&a, repo, git, err);

	if (r == 0)
		r = find_journal(repo, &a, err);
	if (r == 0)
		*out = a.joins;
	adoption_release(&a);
	return r;
}

int repo_register(struct repo *repo, const struct git_repo *git, bool *made_out, struct error *err)
{
	struct adoption a = { .url = REPO_URL_INIT, .origin = BUF_INIT, .journal = BUF_INIT };
	struct buf dir = BUF_INIT, lock = BUF_INIT;
	int lock_fd = -1, r;

	if (made_out)
		*made_out = false;
	if (repo->known)
		return remember_program(repo->caller, repo->file.journal, err);
	fs_join(&dir, repo->state.data, "journal");
	fs_join(&lock, dir.data, ".adopt.lock");
	r = fs_mkdirs(dir.data, 0700, err);
	if (r == 0)
		r = fs_check_private_dir(dir.data, err);
	if (r == 0)
		r = fs_lock(lock.data, 30000, &lock_fd, err);
	if (r == 0)
		r = identify(&a, repo, git, err);
	if (r == 0)
		r = find_journal(repo, &a, err);
	if (r < 0)
		goto out;
	if (a.joins) {
		r = repo_file_load(&repo->file, a.journal.data, err);
		if (r == 0)
			r = journal_open(&repo->journal, a.journal.data, err);
	} else {
		r = make_journal(repo, &a, git->bare, err);
	}
	if (r == 0)
		r = tie_clone(repo, a.journal.data, err);
	if (r == 0)
		r = remember_program(repo->caller, a.journal.data, err);
	if (r < 0)
		goto out;
	repo->known = true;
	if (made_out)
		*made_out = true;
	r = repo_load_config(repo, err);
out:
	if (lock_fd >= 0)
		close(lock_fd);
	adoption_release(&a);
	buf_release(&dir);
	buf_release(&lock);
	return r;
}
