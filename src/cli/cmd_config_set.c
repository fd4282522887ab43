/* minsky config set and unset: one setting in one file, the rest of which stays as it is. */
#include <stdio.h>

#include "backends/registry.h"
#include "cli/config_here.h"
#include "cli/open.h"
#include "core/config_edit.h"
#include "core/fs.h"
#include "core/paths.h"
#include "core/text.h"
#include "core/trust.h"

static bool user, repository, here, dry_run;

static const struct option_desc options[] = {
	{ OPTION_FLAG, 0, "user", &user, NULL, "change the user's file (default)" },
	{ OPTION_FLAG, 0, "repo", &repository, NULL,
		"change the repository's file, which others read too" },
	{ OPTION_FLAG, 0, "here", &here, NULL, "change the user's file, for this repository only" },
	{ OPTION_FLAG, 'n', "dry-run", &dry_run, NULL, "check everything, without writing" },
	{ OPTION_END, 0, NULL, NULL, NULL, NULL },
};

/* A setting is known by its own name and its old ones; setting it leaves one of them. */
#define EDITS_MAX 8

struct change {
	struct repo repo;
	const struct config_key *key;
	const char *value; /* NULL: take it out */
	struct buf file, repo_file, lock, typed;
	const char *name; /* of this repository in the user's file; NULL: no part of that */
	const char **names;
	char *parts[EDITS_MAX]; /* what the edits' paths point into */
	struct config_edit edits[EDITS_MAX];
	size_t n;
	bool changed;
};

/* Split a key at its dots, behind what the path has already. */
static int add_edit(struct change *ch, const char *key, const char *value, struct error *err)
{
	struct config_edit *e = &ch->edits[ch->n];
	size_t n = 0;
	char *p;

	if (ch->n == EDITS_MAX)
		return 0;
	p = strdup(key);
	if (!p)
		return error_nomem(err);
	ch->parts[ch->n++] = p;
	e->value = value;
	if (ch->name) {
		e->path[n++] = "repositories";
		e->path[n++] = ch->name;
	}
	while (p && n < CONFIG_EDIT_DEPTH) {
		e->path[n++] = p;
		p = strchr(p, '.');
		if (p)
			*p++ = '\0';
	}
	return 0;
}

static int plan(struct change *ch, struct error *err)
{
	const char *old;
	int r = add_edit(ch, ch->key->name, ch->value, err);

	for (size_t i = 0; r == 0 && (old = config_old_name(ch->key, i)); i++)
		r = add_edit(ch, old, NULL, err);
	return r;
}

static int find_file(struct change *ch, struct app *app, struct error *err)
{
	struct config_sources sources = { .repository_file = NULL };
	struct buf text = BUF_INIT;
	int r = repository || here ? open_repo(&ch->repo, app, NULL, err)
				   : config_open_here(&ch->repo, app, err);

	if (r == 0 && !ch->repo.state.len)
		r = paths_state(&ch->repo.state, err);
	if (r == 0)
		r = repo_config_sources(
			&ch->repo, &sources, &ch->repo_file, &text, &ch->names, err);
	if (r < 0)
		goto out;
	if (repository && sources.repository_text) {
		error_set(err, ERR_UNSUPPORTED,
			"the configuration of a bare repository is read from a commit");
		error_hint(
			err, "commit '.minsky/config.yaml' in a clone and push it, or use --here");
		r = err->code;
		goto out;
	}
	/* A URL is what people know; without a remote it is the path, the last of the names. */
	for (size_t i = 0; here && ch->names[i]; i++)
		ch->name = ch->repo.file.n_urls ? ch->repo.file.urls[0] : ch->names[i];
	if (repository)
		buf_adds(&ch->file, sources.repository_file);
	else
		r = paths_config_file(&ch->file, err);
	fs_join(&ch->lock, ch->repo.state.data, "config.lock");
	if (r == 0)
		r = buf_check(&ch->file, err);
	if (r == 0)
		r = buf_check(&ch->lock, err);
	if (r == 0)
		r = fs_mkdirs(ch->repo.state.data, 0700, err);
out:
	buf_release(&text);
	return r;
}

static int check(const struct change *ch, struct error *err)
{
	const struct backend_ops *ops;
	int r = config_check_value(ch->key, ch->value, "value", err);

	/* Other people's machines may have a backend that this one has not. */
	if (r == 0 && !repository && !strcmp(ch->key->name, "sessiondb.backend"))
		r = registry_find(&ops, ch->value, err);
	if (r == 0 && repository && config_is_credential(ch->key, ch->value)) {
		error_refuse(err, "credential",
			"'%s' contains a credential, and others can read a repository's file",
			ch->key->name);
		return error_hint(err,
			"leave out --repo to write it to your own file, which only you can read");
	}
	return r;
}

/* The user's own word needs no further trust. */
static int trust(const struct change *ch, struct error *err)
{
	const struct trust_value v = { ch->key, ch->value };

	if (!repository || !ch->value || !ch->repo.known || !config_needs_trust(ch->key, ch->value))
		return 0;
	return trust_add(ch->repo.state.data, ch->repo.file.id, &v, 1, err);
}

/* Say so if the value is not the one that counts now. */
static void look_again(struct change *ch, struct app *app)
{
	const char *name = ch->key->name, *raw;
	struct error why = ERROR_INIT;
	const struct config_note *n;

	ch->repo.settings = SETTINGS_QUIET;
	if (open_config(&ch->repo, app, &why) < 0) {
		app_warn(app, "the settings are not valid together: %s", why.msg);
		return;
	}
	for (size_t i = 0; (n = config_note(ch->repo.config, i)); i++)
		if (n->key == ch->key && strcmp(n->value, ch->value ? ch->value : "") == 0 &&
			n->kind != CONFIG_NOTE_OVERRIDDEN)
			app_warn(
				app, "'%s' has no effect yet: %s", name, config_note_text(n->kind));
	raw = config_raw(ch->repo.config, name);
	if (raw && (!ch->value || strcmp(raw, ch->value) != 0))
		app_say(app, "%s takes precedence", config_origin(ch->repo.config, name));
}

static void print_change(const struct change *ch, struct app *app)
{
	const char *outcome = !ch->changed ? "unchanged" : ch->value ? "set" : "removed";
	struct jsonw w;

	if (app->json) {
		app_json_begin(app, &w);
		jsonw_kstring(&w, "key", ch->key->name);
		jsonw_kstring(&w, "file", ch->file.data);
		jsonw_kstring(&w, "outcome", outcome);
		jsonw_kbool(&w, "dryRun", dry_run);
		app_json_end(app, &w);
		return;
	}
	app_row(app, ch->changed && dry_run ? "would be" : "outcome", outcome);
	app_row(app, "file", ch->file.data);
}

/* A secret on the command line is in the shell's history, and everybody sees it in ps. */
static int read_typed(struct change *change, struct error *err)
{
	int ch;

	while ((ch = getchar()) != EOF && ch != '\n' && change->typed.len < 8192)
		buf_addch(&change->typed, (char)ch);
	if (change->typed.len && change->typed.data[change->typed.len - 1] == '\r')
		buf_truncate(&change->typed, change->typed.len - 1);
	change->value = change->typed.data;
	if (memchr(change->typed.data, 0, change->typed.len))
		return error_set(err, ERR_USAGE, "the value contains control characters");
	return buf_check(&change->typed, err);
}

static int change(struct app *app, const char *key, const char *value, struct error *err)
{
	struct change ch = { .repo = REPO_INIT,
		.value = value,
		.file = BUF_INIT,
		.repo_file = BUF_INIT,
		.lock = BUF_INIT,
		.typed = BUF_INIT };
	int r;

	ch.repo.settings = SETTINGS_UNREAD;
	if (user + repository + here > 1)
		return error_set(
			err, ERR_USAGE, "--user, --repo and --here cannot be used together");
	r = config_find_key(&ch.key, key, err);
	if (r == 0 && value && strcmp(value, "-") == 0)
		r = read_typed(&ch, err);
	if (r == 0 && value)
		r = check(&ch, err);
	if (r == 0)
		r = find_file(&ch, app, err);
	if (r == 0)
		r = plan(&ch, err);
	if (r == 0)
		r = config_file_change(ch.file.data,
			repository ? CONFIG_FILE_REPOSITORY : CONFIG_FILE_USER, ch.lock.data,
			ch.edits, ch.n, dry_run, &ch.changed, err);
	if (r == 0 && !dry_run)
		r = trust(&ch, err);
	if (r == 0) {
		print_change(&ch, app);
		if (!dry_run)
			look_again(&ch, app);
	}
	for (size_t i = 0; i < ch.n; i++)
		free(ch.parts[i]);
	free(ch.names);
	repo_release(&ch.repo);
	buf_release(&ch.file);
	buf_release(&ch.repo_file);
	buf_release(&ch.lock);
	buf_release(&ch.typed);
	return r;
}

static int set_run(struct app *app, int argc, const char **argv, struct error *err)
{
	(void)argc;
	return change(app, argv[0], argv[1], err);
}

static int unset_run(struct app *app, int argc, const char **argv, struct error *err)
{
	(void)argc;
	return change(app, argv[0], NULL, err);
}

const struct cmd cmd_config_set = {
	.name = "config set",
	.summary = "change a setting in a configuration file",
	.usage = "KEY VALUE|-",
	.details = "If VALUE is '-', it is read from standard input. Use this for secrets.",
	.options = options,
	.min_args = 2,
	.max_args = 2,
	.json = true,
	.run = set_run,
};

const struct cmd cmd_config_unset = {
	.name = "config unset",
	.summary = "remove a setting from a configuration file",
	.usage = "KEY",
	.options = options,
	.min_args = 1,
	.max_args = 1,
	.json = true,
	.run = unset_run,
};
