#!/bin/sh
# Hooks go where git looks, are good guests there, and leave without a trace.
. "$(dirname "$0")/lib.sh"

# A git that says it is another one, and otherwise is what it is.
real_git=$(command -v git)
real_path=$PATH
fake_git() { # VERSION
	mkdir -p "$TRASH/fake" &&
		printf '#!/bin/sh\n[ "$*" != version ] || { echo "git version %s"; exit; }\nexec %s "$@"\n' \
			"$1" "$real_git" >"$TRASH/fake/git" && chmod 755 "$TRASH/fake/git"
}
is_new() {
	git version | awk '{ split($3, v, "."); exit !(v[1] > 2 || (v[1] == 2 && v[2] >= 54)) }'
}
# Most of this is about files, whatever git there is.
if is_new; then
	fake_git 2.53.0
	PATH=$TRASH/fake:$PATH
fi

# Every file of a git directory but objects and minsky's own, with mode, link and content.
picture() { # GIT-DIR
	(cd "$1" && find hooks config -printf '%p %y %m %l\n' | LC_ALL=C sort &&
		find hooks config -type f -exec cksum {} + | LC_ALL=C sort)
}

said() { # DIR: the line for a shell that status or install prints
	sed -n 's/^ *to add:* *//p' "$TRASH/out"
}

told() { # DIR SUBJECT: by a hook, not by a command that came later
	minsky -C "$1" journal log >"$TRASH/log" && has "commit.created.* $2  \[hook\]" "$TRASH/log"
}

commit() { # DIR SUBJECT
	tick && git -C "$1" commit -q --allow-empty -m "$2"
}

test_ok 'they ring, twice is once, and uninstalling restores bytes, modes and links' '
	make_repo plain && cd plain/.git/hooks && rm -f ./* &&
	printf "#!/bin/sh\necho ran >>.git/ran\nexec true" >post-commit && chmod 750 post-commit &&
	echo never >post-checkout && chmod 640 post-checkout &&
	ln -s ../../script post-merge && ln -s nowhere post-rewrite &&
	mkdir pre-push && echo part >pre-push/10-part && cd "$TRASH" &&
	picture plain/.git >before &&
	minsky -C plain hooks install >out && has "^hooks  *work" out && picture plain/.git >one &&
	minsky -C plain hooks install >out && picture plain/.git >two && cmp_files one two &&
	commit plain first && test "$(cat plain/.git/ran)" = ran && told plain first &&
	minsky -C plain hooks uninstall >out && has "^hooks  *do not work" out &&
	picture plain/.git >after && cmp_files before after
'
test_ok 'what the user has put there since is left alone, and where the other one is, is said' '
	make_repo edited && printf "#!/bin/sh\necho first\n" >edited/.git/hooks/post-commit &&
	chmod 755 edited/.git/hooks/post-commit && minsky -C edited hooks install >out &&
	rm edited/.git/hooks/post-commit && printf "#!/bin/sh\necho second\n" >mine && chmod 755 mine &&
	cp mine edited/.git/hooks/post-commit && echo more >>edited/.git/hooks/post-merge &&
	cp edited/.git/hooks/post-merge changed && minsky -C edited hooks uninstall >out 2>err &&
	cmp_files mine edited/.git/hooks/post-commit && cmp changed edited/.git/hooks/post-merge &&
	has "post-commit. was modified .*previous hook is .*/post-commit.minsky-prev.\$" err &&
	has "post-merge. was modified and is left unchanged\$" err && test "$(wc -l <err)" -eq 2 &&
	has first edited/.git/hooks/post-commit.minsky-prev && test ! -e edited/.git/hooks/pre-push
'
test_ok 'no hook of ours is writable by others, whatever the umask' '
	(umask 0 && minsky -C plain hooks install >out) &&
	find plain/.git/hooks -type f -name "p*" ! -name "*.minsky-prev" -perm /022 >found &&
	test ! -s found && minsky -C plain hooks uninstall >out
'
test_ok 'from a linked work tree they go into the one directory, and ring for both' '
	make_repo main && git -C main worktree add -q -b side ../side && cd side &&
	minsky hooks install >../out && test -x ../main/.git/hooks/post-commit &&
	has "^hooks  *work" ../out && cd .. && commit side there && told side there &&
	commit main here && told main here
'
test_ok 'a bare repository gets post-receive, and tells what was pushed' '
	git clone -q --bare main bare.git && minsky -C bare.git hooks install >out &&
	has "^post-receive  *installed" out && has "^hooks  *work" out && hasnt "post-commit" out &&
	git -C main push -q ../bare.git side:pushed &&
	minsky -C bare.git journal log >out && has "branch.created.*pushed.*\[hook\]" out
'
test_ok 'hooks that came from init.templateDir are chained in a workspace too' '
	mkdir -p template/hooks && printf "#!/bin/sh\necho templ >>\"\$PWD/.git/ran\"\n" \
		>template/hooks/post-commit && chmod 755 template/hooks/post-commit &&
	git config --global init.templateDir "$TRASH/template" && make_repo templ &&
	minsky -C templ hooks install >out && has "post-commit.*previous hook" out &&
	commit templ one && has templ templ/.git/ran && told templ one &&
	git config --global --unset init.templateDir
'

# What is said where the directory is not the repository's own.
elsewhere() { # DIR SETTING SCOPE-OPTION
	git -C "$1" config "${3:---local}" core.hooksPath "$2" &&
		must_fail 4 minsky -C "$1" hooks install >"$TRASH/out" 2>&1 &&
		has "^  why: " "$TRASH/out" && has "^hint: " "$TRASH/out" &&
		test ! -e "$1/.git/hooks/post-commit.minsky-prev" &&
		test "$(git -C "$1" config core.hooksPath)" = "$2"
}
test_ok 'a tracked directory is refused, what to add is said, and works when it is added' '
	make_repo tracked && mkdir tracked/.githooks &&
	printf "#!/bin/sh\necho mine >>\"\$PWD/.git/ran\"\n" >tracked/.githooks/post-commit &&
	chmod 755 tracked/.githooks/post-commit && elsewhere tracked .githooks &&
	ls tracked/.githooks >now && test "$(cat now)" = post-commit &&
	said >add && test -s add && minsky -C tracked hooks status >out &&
	has "^hooks  *do not work: core.hooksPath (local) is" out && said | cmp - add &&
	commit tracked dark && minsky -C tracked sync >out && must_fail 1 told tracked dark &&
	sh add && minsky -C tracked hooks status >out && has "^hooks  *work: run by another program" out &&
	hasnt "^to add" out && commit tracked lit && told tracked lit &&
	has mine tracked/.git/ran
'
test_ok 'in a directory below the work tree, too' '
	mkdir tracked/sub && minsky -C tracked/sub hooks status >out && has "^hooks  *work" out
'
test_ok 'what is added stands in front: a guard still guards, and twice is once' '
	make_repo_with_origin guard && mkdir guard/.githooks && cd guard/.githooks &&
	printf "#!/bin/sh\ntest -e .git/allowed\n" >pre-push &&
	printf "exec sh -c \"echo theirs >>.git/ran\"\n" >post-commit && : >post-merge &&
	printf "#!/usr/bin/env -S bash -e" >post-rewrite && chmod 755 p* &&
	cd "$TRASH" && elsewhere guard .githooks && said >add && sh add >said && sh add >>said &&
	test ! -s said && test "$(cat guard/.githooks/p* | grep -c minsky-hook)" -eq 6 &&
	minsky -C guard hooks status >out && has "^hooks  *work: run by another program" out &&
	must_fail 1 git -C guard push -q origin main:refused && commit guard one && told guard one &&
	has theirs guard/.git/ran && : >guard/.git/allowed && git -C guard push -q origin main:taken &&
	git -C guard commit -q --amend --allow-empty -m two >out 2>&1 && test ! -s out
'
test_ok 'what is no shell script, or switched off, stays so, and is named' '
	make_repo tongues && mkdir tongues/.githooks && cd tongues/.githooks &&
	printf "#!/usr/bin/env python3\nimport sys\n" >post-commit && chmod 755 post-commit &&
	printf "#!/usr/bin/env fish\n" >post-merge && cp /bin/true pre-push && chmod 755 pre-push &&
	printf "#!/bin/sh\necho never >>.git/ran\n" >post-checkout && chmod 644 post-checkout &&
	cksum post-commit post-merge pre-push >"$TRASH/before" && cd "$TRASH" &&
	elsewhere tongues .githooks && said >add && (umask 0 && sh add >said 2>&1) && cat said &&
	test "$(grep -c "^no shell script, make it start .* run p[a-z-]*: /" said)" -eq 3 &&
	test "$(wc -l <said)" -eq 3 && test ! -x tongues/.githooks/post-checkout &&
	(cd tongues/.githooks && cksum post-commit post-merge pre-push) >after &&
	cmp_files before after && find tongues/.githooks -type f -perm /022 >found && test ! -s found
'
test_ok 'in a bare repository, what is there still gets its input; ours goes quietly' '
	git clone -q --bare guard global.git && mkdir "bare hooks" &&
	printf "#!/bin/sh\ncat >>seen\n" >"bare hooks/post-receive" &&
	chmod 755 "bare hooks/post-receive" && mkdir "in it" && cp "$MINSKY_HOOK_PROGRAM" "in it/minsky-hook" &&
	(MINSKY_HOOK_PROGRAM="$TRASH/in it/minsky-hook" && export MINSKY_HOOK_PROGRAM &&
		elsewhere global.git "$TRASH/bare hooks") && said >add && sh add &&
	git -C guard push -q ../global.git main:pushed && has " refs/heads/pushed" global.git/seen &&
	minsky -C global.git journal log >out && has "branch.created.*pushed.*\[hook\]" out &&
	rm -r "in it" && git -C guard push -q ../global.git main:later >out 2>&1 && test ! -s out &&
	has " refs/heads/later" global.git/seen
'
test_ok 'a global directory is refused, and what is added there rings for this one alone' '
	make_repo first && make_repo stranger && elsewhere first "$TRASH/global hooks" --global &&
	has "core.hooksPath (global)" out && said >add && sh add &&
	minsky -C first hooks status >out && has "^hooks  *work" out &&
	commit first lit && told first lit && commit stranger x >out 2>&1 && test ! -s out &&
	test ! -e stranger/.git/minsky && git config --global --unset core.hooksPath
'
for value in '' /dev/null; do
	test_ok "core.hooksPath '$value' is the user's wish: refused, dark, and noticed later" '
		rm -rf off && make_repo off && elsewhere off "$value" &&
		has "disables hooks" out && hasnt "to add" out &&
		minsky -C off hooks status >out && has "^hooks  *do not work: core.hooksPath (local) disables" out &&
		commit off dark && minsky -C off sync >out && minsky -C off journal log >log &&
		has "commit.created.* dark  \[reconcile\]" log
	'
done
test_ok 'hooks directory that is a link out of the repository: refused' '
	make_repo linked && mkdir shared && rm -rf linked/.git/hooks &&
	ln -s "$TRASH/shared" linked/.git/hooks && must_fail 4 minsky -C linked hooks install >out 2>&1 &&
	ls shared >now && test ! -s now
'
test_ok 'without the program that was installed from, hooks still end quietly' '
	make_repo gone && cp "$MINSKY_HOOK_PROGRAM" copied && chmod 755 copied &&
	MINSKY_HOOK_PROGRAM="$TRASH/copied" minsky -C gone hooks install >out && rm copied &&
	commit gone quiet >out 2>&1 && test ! -s out && git -C gone switch -q -c other >out 2>&1 &&
	test ! -s out
'

test_ok 'git 2.53: files; 2.54: configuration, converted and back, never both' '
	make_repo forms && cp forms/.git/config before && (PATH=$TRASH/fake:$PATH &&
	fake_git 2.53.1 && minsky -C forms hooks install >out && cmp_files before forms/.git/config &&
	test -x forms/.git/hooks/post-commit &&
	fake_git 2.54.0 && minsky -C forms hooks install --json >out &&
	jq -e ".form == \"configuration\" and .installed" out >/dev/null &&
	test ! -e forms/.git/hooks/post-commit &&
	git -C forms config --get-all hook.minsky.event >events &&
	has -x post-commit events && has -x pre-push events && test "$(wc -l <events)" -eq 6 &&
	cp forms/.git/config one && minsky -C forms hooks install >out && cmp_files one forms/.git/config &&
	fake_git 2.53.1 && minsky -C forms hooks install >out && test -x forms/.git/hooks/post-commit &&
	cmp_files before forms/.git/config && fake_git 2.55.GIT &&
	minsky -C forms hooks install >out && minsky -C forms hooks uninstall >out &&
	cmp_files before forms/.git/config)
'
test_ok 'the configured command tells what happened, and outlives its program' '
	mkdir "a place" && cp "$MINSKY_HOOK_PROGRAM" "a place/minsky-hook" && fake_git 2.54.0 &&
	(PATH=$TRASH/fake:$PATH && MINSKY_HOOK_PROGRAM="$TRASH/a place/minsky-hook" &&
		minsky -C forms hooks install >out) && command=$(git -C forms config hook.minsky.command) &&
	commit forms configured && cd forms && sh -c "$command \"\$@\"" "$command" && cd .. &&
	told forms configured && commit forms later && rm "a place/minsky-hook" && cd forms &&
	sh -c "$command \"\$@\"" "$command" a b 1 >../out 2>&1 && test ! -s ../out
'
test_ok 'configuration beside core.hooksPath: nothing to refuse' '
	make_repo both && git -C both config core.hooksPath .githooks && fake_git 2.54.0 &&
	(PATH=$TRASH/fake:$PATH && minsky -C both hooks install >out) && test ! -e both/.githooks &&
	git -C both config hook.minsky.command >out
'
PATH=$real_path
if is_new; then
	test_ok 'this git runs them itself' '
		make_repo itself && minsky -C itself hooks install >out && has "^form  *conf" out &&
		has "^hooks  *work" out && commit itself rung && told itself rung
	'
else
	test_skip 'this git runs them itself' 'it is older than 2.54'
fi

if is_new; then
	fake_git 2.53.0
	PATH=$TRASH/fake:$PATH
fi
test_ok 'uninstall --all: every known clone, from anywhere, and neither session nor journal' '
	ws=$(minsky -C main session start one --quiet) && commit "$ws" work && mkdir nowhere &&
	cd nowhere && minsky hooks uninstall --all >../out 2>../err && cd .. &&
	has "guard/.githooks/post-commit. still runs minsky" err &&
	has "^removed .*main/.git\$" out && has "^removed .*/one/.git\$" out && has "bare.git\$" out &&
	test ! -e "$ws/.git/hooks/post-commit" && test ! -e main/.git/hooks/post-commit &&
	test ! -e bare.git/hooks/post-receive && minsky -C main session get one >out &&
	minsky -C main journal verify >out && minsky -C main journal log >out &&
	test "$(grep -c "hooks.removed" out)" -ge 2 &&
	minsky hooks uninstall --all --json >out && jq -e ".removed == []" out >/dev/null
'
test_ok 'contrib/uninstall: hooks and programs go, sessions and journals stay' '
	cmake --install "$MINSKY_BUILD" --prefix "$TRASH/the prefix" >/dev/null &&
	(unset MINSKY_HOOK_PROGRAM && "the prefix/bin/minsky" -C main hooks install >out &&
	has "^hooks  *work" out && find "$XDG_STATE_HOME/minsky/journal" -name "*.log" >journals &&
	sh "$MINSKY_SOURCE/contrib/uninstall" --prefix "$TRASH/the prefix" >out &&
	has "^removed .*main/.git\$" out && test ! -e main/.git/hooks/post-commit &&
	find "the prefix" -type f >left && cat left && test ! -s left && test -d "$ws/.git" &&
	xargs -d "\n" ls <journals >/dev/null && commit main quiet >out 2>&1 && test ! -s out)
'
test_done
