#!/bin/sh
# journal seal proves later that nothing before it was changed or cut off; journal redact blanks
# what one record says and leaves everything else provable.
. "$(dirname "$0")/lib.sh"

segment='' journal=''

commit() { # DIRECTORY FILE
	tick && echo "$2" >"$1/$2" && git -C "$1" add "$2" && git -C "$1" commit -q -m "add $2"
}

good() { # OPTION...
	minsky -C app journal verify "$@" >verdict && has ': good$' verdict
}

# Write the journal's own origin anew from its bodies, edited by a sed script: a whole valid chain.
rewrite() { # SCRIPT
	prev=$(printf %064d 0)
	while IFS= read -r line; do
		origin=$(echo "$line" | jq -r .origin) && seq=$(echo "$line" | jq .seq) &&
			hlc=$(echo "$line" | jq -r .hlc) &&
			body=$(printf %s "$line" | sed 's/^.*,"body"://; s/}$//' | sed "$1") &&
			bodyhash=$(printf %s "$body" | sha256sum | cut -c1-64) &&
			prev=$(printf '%s\n' "$prev" "$origin" "$seq" "$hlc" "$bodyhash" | sha256sum | cut -c1-64) &&
			printf '{"origin":"%s","seq":%s,"hlc":"%s","bodyhash":"%s","hash":"%s","body":%s}\n' \
				"$origin" "$seq" "$hlc" "$bodyhash" "$prev" "$body" || return 1
	done <"$segment" >rewritten && cat rewritten >"$segment" && rm -f "$journal/head"
}

test_ok 'setup' '
	make_repo_with_origin app && ws=$(minsky -C app session start work --quiet) &&
	commit "$ws" a && commit "$ws" b && commit "$ws" c && minsky -C app session get work --json >record &&
	journal=$(echo "$HOME"/state/minsky/journal/*) && segment=$(echo "$journal"/*.log)
'
test_ok 'a seal is an annotated tag with the heads in it, and says nothing but that it is good' '
	minsky -C app journal seal >out && seal=$(cat out) &&
	echo "$seal" | grep -qE "^refs/tags/minsky/seal/20260101T[0-9]{6}Z-1$" &&
	test "$(git -C app cat-file -t "$seal")" = tag && git -C app cat-file tag "$seal" >text &&
	tail -n 1 "$segment" >last && has "^$(jq -r .hash last)$" text && has "^$(jq .seq last)$" text &&
	good --against "$seal" && good --against "${seal#refs/tags/}"
'
test_ok 'a second one of the same second has another name' '
	minsky -C app journal seal --json >out && jq -e ".ref | endswith(\"Z-2\")" out && jq -e ".signed == false" out
'
test_ok 'names of your own; none is ever replaced' '
	minsky -C app journal seal --tag audit-1 >out && has "^refs/tags/audit-1$" out &&
	must_fail 4 minsky -C app journal seal --tag audit-1 && minsky -C app journal seal --ref refs/audit/x >out &&
	has "^refs/audit/x$" out && must_fail 4 minsky -C app journal seal --ref refs/audit/x &&
	good --against refs/audit/x && must_fail 2 minsky -C app journal seal --ref x &&
	must_fail 2 minsky -C app journal seal --tag a --ref refs/b && must_fail 2 minsky -C app journal seal --tag -x
'
test_ok 'what comes later does not matter' '
	commit "$ws" d && minsky -C app session get work >/dev/null && good --against "$seal"
'
test_ok 'a journal that was written anew as a whole is good in itself, and not against the seal' '
	cp "$segment" honest && rewrite "s/add b/add x/" && good &&
	must_fail 6 minsky -C app journal verify --against "$seal" >out && has "which is missing or another one" out &&
	must_fail 6 minsky -C app journal verify --against "$seal" --json >out && jq -e ".damaged == 1" out &&
	cat honest >"$segment" && good --against "$seal"
'
test_ok 'so is one that was cut off' '
	head -n 3 honest >"$segment" && rm -f "$journal/head" && good &&
	must_fail 6 minsky -C app journal verify --against "$seal" && cat honest >"$segment" && good
'
test_ok 'what is no seal, or not there, is said' '
	must_fail 3 minsky -C app journal verify --against nothing && git -C app tag -a -m hello plain &&
	must_fail 2 minsky -C app journal verify --against plain && must_fail 3 minsky -C app journal verify --against HEAD
'

if command -v ssh-keygen >/dev/null; then
	test_ok 'signed with an ssh key' '
		ssh-keygen -q -t ed25519 -N "" -f key && git config --global gpg.format ssh &&
		git config --global user.signingKey "$TRASH/key.pub" &&
		echo "ana@example.invalid $(cat key.pub)" >signers &&
		git config --global gpg.ssh.allowedSignersFile "$TRASH/signers" &&
		minsky -C app journal seal --sign --tag signed >out && good --against signed
	'
	test_ok 'a signature of a key that nobody knows is not good' '
		: >signers && must_fail 6 minsky -C app journal verify --against signed >out &&
		has "signature of the seal is not valid" out
	'
else
	test_skip 'signed with an ssh key' 'no ssh-keygen'
fi
if command -v gpg >/dev/null; then
	test_ok 'signed with an OpenPGP key, and one that is not known any more' '
		GNUPGHOME=$TRASH/gnupg && export GNUPGHOME && mkdir -m 700 gnupg &&
		gpg --batch --quiet --passphrase "" --quick-gen-key "Ana <ana@example.invalid>" default default never &&
		git config --global gpg.format openpgp && git config --global user.signingKey ana@example.invalid &&
		minsky -C app journal seal --sign --tag pgp >out &&
		git -C app cat-file tag pgp >tag && has "BEGIN PGP SIGNATURE" tag && good --against pgp && gpgconf --kill all && rm -r gnupg && mkdir -m 700 gnupg &&
		must_fail 6 minsky -C app journal verify --against pgp >out && has "signature of the seal is not valid" out &&
		gpgconf --kill all && git config --global gpg.format ssh
	'
else
	test_skip 'signed with an OpenPGP key' 'no gpg'
fi

test_ok 'redacting asks, wants a reason, and changes nothing without them' '
	cp "$segment" before && n=$(jq "select(.body.data.subject == \"add b\") | .seq" "$segment") &&
	must_fail 2 minsky -C app journal redact "$n" --yes && must_fail 4 minsky -C app journal redact "$n" --reason r &&
	must_fail 3 minsky -C app journal redact 9999 --reason r --yes &&
	must_fail 4 minsky -C app journal redact 1 --reason r --yes 2>err && has "journal itself needs" err &&
	must_fail 2 minsky -C app journal redact --reason r && cmp before "$segment"
'
test_ok 'the body goes, its hashes stay, and the journal says who and why' '
	minsky -C app journal redact "$n" --reason "a name slipped in" --yes >out &&
	hasnt "add b" "$segment" && jq -se "map(select(.seq == $n)) | .[0].body == null" "$segment" &&
	sed -n "${n}p" before | jq "del(.body)" >expected && sed -n "${n}p" "$segment" | jq "del(.body)" >actual &&
	cmp_files expected actual && minsky -C app journal log --type event.redacted --json >said &&
	jq -e ".body.data.seq == $n and .body.data.reason == \"a name slipped in\" and .body.actor.user == \"ana\"" said &&
	good && good --against "$seal"
'
test_ok 'the records are folded without it' '
	before=$(jq .session.commitCount record) && minsky -C app session get work --json >out &&
	jq -e ".session.commitCount == $before" out
'
test_ok 'a second time there is nothing to do' '
	cp "$segment" before && minsky -C app journal redact "$n" --reason again --yes >out &&
	has "already redacted" out && cmp before "$segment"
'
test_ok 'a body that was blanked by hand is damage' '
	cp "$segment" before && m=$(jq "select(.body.data.subject == \"add c\") | .seq" "$segment") &&
	sed -i "${m}s/\"body\":.*/\"body\":null}/" "$segment" &&
	must_fail 6 minsky -C app journal verify >out && has "no later event.redacted" out && cat before >"$segment" && good
'
test_ok 'killed between the two steps, it is finished by asking again' '
	tail -n 1 "$segment" >event && sed -n "${n}p" honest >full &&
	sed -i "${n}d" "$segment" && sed -i "$((n - 1))r full" "$segment" && has "add b" "$segment" &&
	minsky -C app journal redact "$n" --reason "a name slipped in" --yes >out && hasnt "add b" "$segment" &&
	good && cmp before "$segment"
'
test_ok 'hooks and commands go on behind it' '
	commit "$ws" e && minsky -C app session get work >/dev/null && good --against "$seal"
'
test_done
