/* minsky trust: let a repository's file decide what needs the user's word. */
#include "cli/config_here.h"
#include "cli/open.h"
#include "core/array.h"
#include "core/clock.h"
#include "core/fs.h"
#include "core/paths.h"
#include "core/trust.h"

static bool list, revoke, everywhere, yes, dry_run;

static const struct option_desc options[] = {
	{ OPTION_FLAG, 'l', "list", &list, NULL, "list the trusted values" },
	{ OPTION_FLAG, 'a', "all", &everywhere, NULL, "with --list: those of every repository" },
	{ OPTION_FLAG, 0, "revoke", &revoke, NULL,
		"revoke trust in these keys, or in all of them" },
	{ OPTION_FLAG, 'y', "yes", &yes, NULL, "do not ask for confirmation" },
	{ OPTION_FLAG, 'n', "dry-run", &dry_run, NULL,
		"show what would be trusted, without trusting it" },
	{ OPTION_END, 0, NULL, NULL, NULL, NULL },
};

static bool wanted(const char *key, int argc, const char **argv)
{
	for (int i = 0; i < argc; i++)
		if (strcmp(argv[i], key) == 0)
			return true;
	return argc == 0;
}

static void print_json(struct jsonw *w, const char *key, const char *shown)
{
	jsonw_begin_object(w);
	jsonw_kstring(w, "key", key);
	jsonw_kstring(w, "value", shown);
}

static void print_text(struct app *app, const char *label, const char *key, const char *shown)
{
	buf_addf(&app->out, "%-12s%s = ", label, key);
	app_text(app, shown);
	buf_addch(&app->out, '\n');
}

static int list_run(struct app *app, int argc, const char **argv, struct error *err)
{
	struct repo repo = REPO_INIT;
	struct trust t = TRUST_INIT;
	struct jsonw w;
	int r;

	repo.settings = SETTINGS_UNREAD;
	r = everywhere ? paths_state(&repo.state, err) : open_repo(&repo, app, NULL, err);
	if (r == 0)
		r = trust_load(&t, repo.state.data, err);
	if (r < 0)
		goto out;
	if (app->json) {
		app_json_begin(app, &w);
		jsonw_key(&w, "trusted");
		jsonw_begin_array(&w);
	}
	for (size_t i = 0; i < t.n; i++) {
		if ((!everywhere && (!repo.known || strcmp(t.v[i].repo, repo.file.id) != 0)) ||
			!wanted(t.v[i].key, argc, argv))
			continue;
		if (app->json) {
			print_json(&w, t.v[i].key, t.v[i].shown);
			jsonw_kstring(&w, "repository", t.v[i].repo);
			jsonw_ktime_opt(&w, "at", t.v[i].at);
			jsonw_end_object(&w);
		} else {
			print_text(app, everywhere ? t.v[i].repo : "trusted", t.v[i].key,
				t.v[i].shown);
		}
	}
	if (app->json) {
		jsonw_end_array(&w);
		app_json_end(app, &w);
	}
out:
	trust_release(&t);
	repo_release(&repo);
	return r;
}

static int revoke_run(struct app *app, int argc, const char **argv, struct error *err)
{
	struct repo repo = REPO_INIT;
	struct jsonw w;
	size_t n = 0;
	int r;

	repo.settings = SETTINGS_UNREAD;
	r = open_repo(&repo, app, NULL, err);
	if (r == 0 && repo.known)
		r = trust_revoke(
			repo.state.data, repo.file.id, argc ? argv : NULL, (size_t)argc, &n, err);
	if (r == 0 && app->json) {
		app_json_begin(app, &w);
		jsonw_ku64(&w, "revoked", n);
		app_json_end(app, &w);
	} else if (r == 0) {
		app_say(app, "trust in %zu value%s revoked", n, n == 1 ? " is" : "s are");
	}
	repo_release(&repo);
	return r;
}

/* What the file of this branch says and does not decide yet. */
struct offer {
	struct config *config;
	struct trust_value *v;
	size_t n;
};

static int read_offer(
	struct offer *o, struct repo *repo, int argc, const char **argv, struct error *err)
{
	struct config_sources sources = { .repository_file = NULL };
	struct buf file = BUF_INIT, text = BUF_INIT;
	const struct config_note *n;
	const char **names = NULL;
	int r = repo_config_sources(repo, &sources, &file, &text, &names, err);

	/* The file alone: nothing else has a part in this. */
	sources.user_file = "";
	sources.no_environment = true;
	sources.settings = NULL;
	sources.warn = NULL;
	if (r == 0)
		r = config_load(&o->config, &sources, err);
	for (size_t i = 0; r == 0 && (n = config_note(o->config, i)); i++) {

		if (n->kind != CONFIG_NOTE_UNTRUSTED || !wanted(n->key->name, argc, argv))
			continue;
		if (!ARRAY_GROW_SHORT(o->v, o->n)) {
			r = error_nomem(err);
			break;
		}
		o->v[o->n++] = (struct trust_value){ n->key, n->value };
	}
	free(names);
	buf_release(&file);
	buf_release(&text);
	return r;
}

static int print_offer(struct app *app, const struct offer *o, struct error *err)
{
	struct buf shown = BUF_INIT;
	struct jsonw w;
	int r = 0;

	if (app->json) {
		app_json_begin(app, &w);
		jsonw_key(&w, "trusted");
		jsonw_begin_array(&w);
	}
	for (size_t i = 0; i < o->n && r == 0; i++) {
		buf_clear(&shown);
		config_add_shown(&shown, o->v[i].key, o->v[i].raw);
		r = buf_check(&shown, err);
		if (app->json) {
			print_json(&w, o->v[i].key->name, shown.data);
			jsonw_end_object(&w);
		} else {
			print_text(app, dry_run ? "would trust" : "trusted", o->v[i].key->name,
				shown.data);
		}
	}
	if (app->json) {
		jsonw_end_array(&w);
		jsonw_kbool(&w, "dryRun", dry_run);
		app_json_end(app, &w);
	}
	buf_release(&shown);
	return r;
}

/* On a terminal what is asked about is seen first. */
static bool agreed(struct app *app, const struct offer *o)
{
	struct buf shown = BUF_INIT;
	bool answer;

	if (yes || dry_run || !app->tty_in || !o->n)
		return true;
	for (size_t i = 0; i < o->n; i++) {
		buf_clear(&shown);
		config_add_shown(&shown, o->v[i].key, o->v[i].raw);
		app_warn(app, "the repository's file sets %s = %s", o->v[i].key->name, shown.data);
	}
	answer = app_confirm(app, "trust it?");
	buf_release(&shown);
	return answer;
}

static int adopt_here(struct repo *repo, struct error *err)
{
	struct git_repo git = { .top = NULL };
	int r = 0;

	if (repo->known || dry_run)
		return 0;
	r = git_repo_open(&git, ".", err);
	if (r == 0)
		r = repo_register(repo, &git, NULL, err);
	git_repo_release(&git);
	return r;
}

static int check_keys(int argc, const char **argv, struct error *err)
{
	const struct config_key *key;
	int r = 0;

	for (int i = 0; i < argc && r == 0; i++) {
		r = config_find_key(&key, argv[i], err);
		if (r == 0)
			argv[i] = key->name;
	}
	return r;
}

static int run(struct app *app, int argc, const char **argv, struct error *err)
{
	struct repo repo = REPO_INIT;
	struct offer o = { .config = NULL };
	int r = check_keys(argc, argv, err);

	if (r == 0 && (list + revoke > 1 || (everywhere && !list)))
		r = error_set(err, ERR_USAGE, "%s",
			everywhere && !list ? "--all requires --list"
					    : "--list and --revoke cannot be used together");
	if (r < 0)
		return r;
	if (list)
		return list_run(app, argc, argv, err);
	if (revoke)
		return revoke_run(app, argc, argv, err);
	repo.settings = SETTINGS_UNREAD;
	r = open_repo(&repo, app, NULL, err);
	if (r == 0)
		r = adopt_here(&repo, err);
	if (r == 0)
		r = read_offer(&o, &repo, argc, argv, err);
	if (r == 0 && !agreed(app, &o))
		r = error_refuse(err, "nothing-trusted", "nothing is trusted");
	if (r == 0 && !dry_run && o.n)
		r = trust_add(repo.state.data, repo.file.id, o.v, o.n, err);
	repo.settings = SETTINGS_SAID;
	if (r == 0 && !dry_run)
		r = repo_follow_branch(&repo, err);
	if (r == 0)
		r = print_offer(app, &o, err);
	if (r == 0 && !o.n)
		app_say(app, "nothing in the repository's file requires trust");
	config_free(o.config);
	free(o.v);
	repo_release(&repo);
	return r;
}

const struct cmd cmd_trust = {
	.name = "trust",
	.summary = "trust settings in the repository's file",
	.usage = "[KEY...]",
	.options = options,
	.max_args = 64,
	.json = true,
	.run = run,
};
