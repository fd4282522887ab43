#!/bin/sh
# Completion, asked by the shells themselves.
. "$(dirname "$0")/lib.sh"
[ "$MINSKY_TEST_BACKEND" = json ] || skip_all "completion is the same whatever the store is"

# The first words of the candidates, in their order, on one line.
offers() { # EXPECTED WORD...
	expected=$1
	shift
	minsky complete -- "$@" 2>/dev/null | cut -f 1 | tr '\n' ' ' | sed 's/ $//' >"$TRASH/offered"
	[ "$(cat "$TRASH/offered")" = "$expected" ] || {
		echo "offered for '$*': $(cat "$TRASH/offered")" >&4
		return 1
	}
}

# What bash itself puts behind a line that is being typed.
in_bash() { # LINE
	bash --norc -c '
		eval "$(minsky completion bash)" || exit
		COMP_LINE=$1 COMP_POINT=${#1}
		# As readline splits it.
		mapfile -t COMP_WORDS < <(sed "s/=/ = /g; s/  */ /g; s/ $//" <<<"$1" | tr " " "\n")
		[[ $1 != *" " ]] || COMP_WORDS+=("")
		COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
		compopt() { :; }
		_minsky minsky && printf "%s\n" "${COMPREPLY[@]}"' bash "$1" >"$TRASH/out" 2>&4
}

# A key stroke of tab in the interactive shell, on a terminal.
typed_in_bash() { # LINE EXPECTED-IN-OUTPUT
	printf 'eval "$(minsky completion bash)"\n%s\t\necho END\nexit\n' "$1" |
		TERM=dumb script -qec 'bash --norc --noprofile -i' /dev/null >"$TRASH/out" 2>&1
	has "$2" "$TRASH/out"
}

typed_in_zsh() { # LINE EXPECTED-IN-OUTPUT
	cat >"$TRASH/keys.zsh" <<-'EOF'
		zmodload zsh/zpty
		zpty -b z zsh -f -i
		say() { zpty -w z "$1"; }
		say 'PS1="<>" TERM=dumb; unsetopt zle_bracketed_paste 2>/dev/null; fpath=(. $fpath)'
		say 'autoload -Uz compinit; compinit -u -D; zstyle ":completion:*" list-prompt ""; LISTMAX=1000'
		say 'eval "$(minsky completion zsh)"; echo READ''Y'
		while zpty -r z line; do [[ $line == *READY* && $line != *echo* ]] && break; done
		zpty -w -n z "$1"$'\t'
		integer tries=0
		text=
		while (( tries++ < 50 )); do
			zpty -rt z line && text+=$line || sleep 0.1
			[[ $text == *$2* ]] && break
		done
		print -r -- "$text"
		zpty -d z
	EOF
	zsh -f "$TRASH/keys.zsh" "$1" "$2" >"$TRASH/out" 2>&1 </dev/null
	has -F -e "$2" "$TRASH/out"
}

in_fish() { # LINE
	fish --no-config -c 'minsky completion fish | source; complete -C $argv[1]' "$1" >"$TRASH/out" 2>&4
}

test_ok 'commands, also those of a group' '
	make_repo app && minsky -C app session start fix-login --task 42 --quiet >dir &&
	minsky -C app session start gone --quiet >dir && minsky -C app session delete gone >out &&
	offers "doctor" do && offers "session sessiondb" ses && offers "create" session pr crea && offers "" nonsense "" &&
	offers "session sessiondb" help session && offers "verify" help journal ver && offers "bash zsh fish" completion "" &&
	minsky complete -- "" | cut -f 1 >out && has "^session$" out && hasnt "^complete$" out
'
test_ok 'options, and what they want' '
	offers "--status" session list --st && offers "starting" session list --status star &&
	offers ":files" journal log --repo "" && offers ":files" session start --repo "" && offers ":files" config validate "" &&
	offers "pr pr.created pr.updated pr.approved pr.merged pr.closed pr.reopened pr.branch_deleted pr.checked" journal log -t pr &&
	offers "override override.used" journal follow --type ov && offers "hooks.removed" session log x --type hooks.r &&
	offers "--revoke" trust sessiondb.hub --rev && offers "" session get -- --js
'
test_ok 'every setting, and the values that it takes' '
	minsky complete -- config set "" | cut -f 1 | sort >out && minsky config show --json | jq -r ".settings[].key" | sort >expected &&
	cmp_files expected out && minsky complete -- trust "" | cut -f 1 | sort >out && cmp_files expected out &&
	offers "json sqlite postgres" config set sessiondb.backend "" && offers "true" config set sessiondb.sqlite.wal t &&
	offers "verify-ca verify-full" config set sessiondb.postgres.sslmode ver && offers "color=" session list -c col &&
	offers "color=auto color=always" session list -c color=a && offers ":files" config set sessiondb.json.path /
'
test_ok 'sessions by name: those that are there, and those that can be restored' '
	offers "fix-login" -C app session get "" && offers "gone" -C app session restore "" &&
	offers "gone" -C app session purge "" && offers "working waiting" session note -s w && offers "fix-login" session dir fix &&
	offers "fix-login" -C app journal log --session f && offers "" -C nowhere session get ""
'
test_ok 'words from outside cannot become lines or escapes' '
	minsky complete -- config get "$(printf "a\nb")" >out && test ! -s out
'
test_ok 'bash' '
	command -v bash >/dev/null && in_bash "minsky session pr cr" && echo create >expected && cmp_files expected out &&
	in_bash "minsky config get sessiondb.back" && echo sessiondb.backend >expected && cmp_files expected out &&
	in_bash "minsky session list -c color=n" && echo never >expected && cmp_files expected out &&
	in_bash "minsky session list -c color=" && printf "auto\nalways\nnever\n" >expected && cmp_files expected out &&
	in_bash "minsky -C app session get " && echo fix-login >expected && cmp_files expected out &&
	in_bash "minsky config validate ap" && echo app >expected && cmp_files expected out
'
test_ok 'bash on a terminal, with the tab key' '
	typed_in_bash "minsky vers" "^minsky [0-9]" && typed_in_bash "minsky config get col" "^auto"
'
if command -v fish >/dev/null; then
	test_ok 'fish' '
		in_fish "minsky session pr cr" && has "^create" out && test "$(wc -l <out)" -eq 1 &&
		in_fish "minsky config set sessiondb.backend " && cut -f 1 out >got && printf "json\npostgres\nsqlite\n" >expected &&
		sort got >sorted && cmp_files expected sorted &&
		in_fish "minsky session list -c color=n" && has "^color=never" out &&
		in_fish "minsky -C app session get f" && has "^fix-login" out && in_fish "minsky config validate ap" && has "^app/" out
	'
else
	test_skip 'fish' 'fish is not installed'
fi
if command -v zsh >/dev/null; then
	test_ok 'zsh, with the tab key' '
		typed_in_zsh "minsky session pr cr" "minsky session pr create" &&
		typed_in_zsh "minsky config get sessiondb.back" "minsky config get sessiondb.backend" &&
		typed_in_zsh "minsky session list -c colo" "-c color=" &&
		typed_in_zsh "minsky -C app session get f" "get fix-login" &&
		typed_in_zsh "minsky config set sessiondb.backend " "sqlite" && typed_in_zsh "minsky config validate ap" "validate app/"
	'
else
	test_skip 'zsh' 'zsh is not installed'
fi
test_ok 'a shell that there is no script for: exit 2' '
	must_fail 2 minsky completion csh 2>err && has "^hint: use bash, zsh or fish$" err
'
test_done
