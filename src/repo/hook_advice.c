#include "repo/hook_advice.h"

#include "core/fs.h"
#include "core/text.h"
#include "hooks/install/install.h"

/* In a hook that is a script: program, program, hook. */
#define RING "[ ! -x %s ] || %s run %s \"$@\" || :"
/* The same where what follows wants to read stdin too. */
#define RING_INPUT                                                                                 \
	"i=$(mktemp) && cat >\"$i\" && { [ ! -x %s ] || %s run %s \"$@\" <\"$i\" || :; } && "      \
	"exec <\"$i\" && rm -f \"$i\""

static void add_names(const struct hook_place *p, const char *separator, struct buf *out)
{
	const char *before = "";

	for (const char *const *name = hook_names(p->bare); *name; name++, before = separator)
		buf_addf(out, "%s%s", before, *name);
}

static void add_loop(const struct hook_place *p, struct buf *out)
{
	buf_adds(out, "for h in ");
	add_names(p, " ", out);
	buf_adds(out, "; do ");
}

/* A word that, once a shell has read it, is `program` quoted for the next shell. */
static void add_quoted_twice(struct buf *out, const char *program)
{
	struct buf once = BUF_INIT;

	text_add_quoted(&once, program);
	text_add_quoted(out, once.data);
	buf_release(&once);
}

/* Where people write theirs: .husky/_ is generated, and lies below that. */
static void scripts_dir(const struct hook_place *p, struct buf *out)
{
	buf_clear(out);
	buf_adds(out, p->directory.data);
	if (p->manager == MANAGER_HUSKY && out->len > 2 && !strcmp(out->data + out->len - 2, "/_"))
		buf_truncate(out, out->len - 2);
}

/*
 * In front of what is there, since the last command of a script decides whether git goes on, and an
 * 'exit' or 'exec' may come before it. A script for something else than a shell stays as it is.
 */
static void advise_directory(const struct hook_place *p, const char *program, struct buf *out)
{
	struct buf dir = BUF_INIT, quoted = BUF_INIT;

	scripts_dir(p, &dir);
	text_add_quoted(&quoted, dir.data);
	buf_adds(out, "q=");
	add_quoted_twice(out, program);
	buf_adds(out, "; ");
	add_loop(p, out);
	buf_addf(out,
		"f=%s/$h; [ -s \"$f\" ] || (umask 022; mkdir -p %s && echo '#!/bin/sh' >\"$f\" && "
		"chmod 755 \"$f\"); ",
		quoted.data, quoted.data);
	buf_adds(out,
		"grep -qs minsky-hook \"$f\" && continue; l=$(grep -Im1 '' \"$f\") || l='#!'; n=0; "
		"case $l in '#!'*) n=1; echo \"$l\" | grep -Eq '[/ ](ba|da|z|k)?sh( |$)' || { "
		"echo \"no shell script, make it start $q run $h: $f\"; continue; };; esac; ");
	buf_adds(out, "t=$(mktemp) && { [ $n = 0 ] || printf '%s\\n' \"$l\"; printf '");
	buf_adds(out, p->bare ? RING_INPUT : RING);
	buf_adds(out,
		"\\n' \"$q\" \"$q\" $h; tail -n +$((n + 1)) \"$f\"; } >\"$t\" && cat \"$t\" "
		">\"$f\"; "
		"rm -f \"$t\"; done");
	buf_release(&quoted);
	buf_release(&dir);
}

static bool ends_in(const char *text, const char *end)
{
	size_t len = strlen(text), n = strlen(end);

	return len >= n && !strcmp(text + len - n, end);
}

static void add_cd(const struct hook_place *p, struct buf *out)
{
	buf_adds(out, "cd ");
	text_add_quoted(out, p->top.data);
	buf_adds(out, " && ");
}

/* A file of its own: a key that a configuration has twice makes lefthook run nothing at all. */
static void advise_lefthook(const struct hook_place *p, const char *program, struct buf *out)
{
	const char *local = manager_lefthook_local(p->top.data);
	bool yaml = ends_in(local, ".yml") || ends_in(local, ".yaml");

	add_cd(p, out);
	buf_adds(out,
		"f=$(git rev-parse --git-path info/minsky-hook.yml) && mkdir -p \"${f%/*}\" && "
		"q=");
	add_quoted_twice(out, program);
	buf_adds(out, " && ");
	add_loop(p, out);
	buf_adds(out,
		"printf '%s:\\n  commands:\\n    minsky:\\n      run: |\\n"
		"        [ ! -x %s ] || %s run %s {0} || :\\n' $h \"$q\" \"$q\" $h; done >\"$f\" "
		"&& ");
	if (yaml)
		buf_addf(out,
			"if grep -qs minsky-hook %s; then :; elif grep -qs '^extends:' %s; then "
			"echo \"add to 'extends' in %s: $f\"; else "
			"printf '\\nextends:\\n  - \"%%s\"\\n' \"$f\" >>%s; fi",
			local, local, local, local);
	else
		buf_addf(out, "echo \"add to 'extends' in %s: $f\"", local);
	buf_adds(out, " && lefthook install");
}

/* In front of what is configured for a hook, which so decides whether git goes on. */
static void advise_simple(const struct hook_place *p, const char *program, struct buf *out)
{
	const char *file = manager_simple_file(p->top.data);
	struct buf once = BUF_INIT;

	text_add_quoted(&once, program);
	if (!ends_in(file, ".json")) {
		buf_addf(out, "# in %s, in front of the command for HOOK, each of ", file);
		add_names(p, ", ", out);
		buf_addf(out, ": " RING "; # then: npx simple-git-hooks", once.data, once.data,
			"HOOK");
		goto out;
	}
	add_cd(p, out);
	buf_adds(out,
		"node -e 'const fs = require(\"fs\"), [f, q, ...hooks] = process.argv.slice(1); "
		"const t = fs.readFileSync(f, \"utf8\"), j = JSON.parse(t); "
		"const c = f != \"package.json\" ? j : "
		"(j[\"simple-git-hooks\"] = j[\"simple-git-hooks\"] || {}); "
		"if (typeof c == \"string\") throw Error(\"the hooks are in \" + c); "
		"for (const h of hooks) if (!(c[h] || \"\").includes(\"minsky-hook\")) "
		"c[h] = `[ ! -x ${q} ] || ${q} run ${h} \"$@\" || :` + (c[h] ? \"; \" + c[h] : "
		"\"\"); "
		"const indent = /^[ \\t]+/m.exec(t); "
		"fs.writeFileSync(f, JSON.stringify(j, null, indent ? indent[0] : 2) + \"\\n\")' ");
	buf_addf(out, "%s ", file);
	text_add_quoted(out, once.data);
	buf_addch(out, ' ');
	add_names(p, " ", out);
	buf_adds(out, " && npx simple-git-hooks");
out:
	buf_release(&once);
}

void hook_advice(const struct hook_place *p, const char *program, struct buf *out)
{
	buf_clear(out);
	if (p->off)
		return;
	if (!p->own)
		advise_directory(p, program, out);
	else if (p->manager == MANAGER_LEFTHOOK)
		advise_lefthook(p, program, out);
	else if (p->manager == MANAGER_SIMPLE_GIT_HOOKS)
		advise_simple(p, program, out);
}

void hook_advice_followed(const struct hook_place *p, struct buf *out)
{
	const char *const manager[] = { p->manager == MANAGER_LEFTHOOK
			? manager_lefthook_local(p->top.data)
			: manager_simple_file(p->top.data),
		NULL };
	const char *const *names = p->own ? manager : hook_names(p->bare);
	struct buf dir = BUF_INIT;

	buf_clear(out);
	if (p->off || (p->own && p->manager == MANAGER_NONE))
		return;
	if (p->own)
		buf_adds(&dir, p->top.data);
	else
		scripts_dir(p, &dir);
	for (; !out->len && *names; names++)
		if (manager_file_rings(dir.data, *names))
			fs_join(out, dir.data, *names);
	buf_release(&dir);
}
