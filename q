#!/bin/bash
# The Debian package, made of the tarball that `make dist` wrote into BUILD.
#
#   scripts/deb build BUILD VERSION   BUILD/requeue_VERSION_ARCH.deb
#   scripts/deb test BUILD VERSION    does the tarball build without git; does lintian find nothing; does the
#                                     package run in a bare Debian 12, and does purge take all of it away (root)
set -euo pipefail

die() {
    echo "scripts/deb: $*" >&2
    exit 1
}

# needs "PACKAGE..." PROGRAM...
needs() {
    local packages=$1 program
    shift
    for program; do
        command -v "$program" >/dev/null || die "there is no $program; as root: apt-get install $packages"
    done
}

action=$1 build=$(realpath "$2") version=$3
needs 'debhelper dpkg-dev' dh dpkg-buildpackage
deb=$build/requeue_${version}_$(dpkg --print-architecture).deb
work=$(mktemp -d "${TMPDIR:-/tmp}/requeue-deb.XXXXXX")
root=/tmp/manual-deb/root
trap 'rm -rf --one-file-system "$work"' EXIT
tree=$work/requeue-$version
tar -xzf "$build/requeue-$version.tar.gz" -C "$work"

build_package() {
    [ "$(dpkg-parsechangelog -l "$tree/debian/changelog" -S Version)" = "$version" ] \
        || die "debian/changelog and the Makefile tell different versions; correct one of them and commit it"
    # With its source, which lintian reads too. What the caller's make was told does not belong in a package.
    (cd "$tree" && env -u MAKEFLAGS -u MAKELEVEL -u MFLAGS dpkg-buildpackage -us -uc) > "$build/deb.log" 2>&1 \
        || die "the package was not built: $build/deb.log; its last lines: $(tail -n 5 "$build/deb.log")"
    rm -rf "$build/deb"
    mkdir "$build/deb"
    mv "$work"/requeue*_"$version"* "$build/deb/"
    cp "$build/deb/${deb##*/}" "$deb"
    echo "$deb"
}

said() { printf '%4d s  %s\n' "$SECONDS" "$*"; }

# A git that tells of being called stands before the real one.
test_tarball() {
    mkdir "$work/bin"
    printf '#!/bin/sh\necho "$*" >> "%s/git-called"\nexit 1\n' "$work" > "$work/bin/git"
    chmod +x "$work/bin/git"
    (cd "$tree" && env -u MAKEFLAGS -u MAKELEVEL -u MFLAGS PATH="$work/bin:$PATH" make -s -j"$(nproc)" BUILD=build WERROR=1) \
        > "$work/made" 2>&1 || die "the tarball does not build: $(tail -n 5 "$work/made")"
    [ ! -e "$work/git-called" ] || die "building the tarball calls git: $(cat "$work/git-called")"
    "$tree/build/requeue" version | grep -q "^requeue $version" || die "what the tarball builds is not version $version"
    said 'the tarball builds without git'
}

# The machine's own source of packages, from apt itself. (No pipe into head: apt would die of it.)
package_source() {
    local sources
    # shellcheck disable=SC2016 # apt replaces them
    sources=$(apt-get indextargets --no-release-info --format '$(REPO_URI)' \
        'Identifier: Packages' 'Component: main' 'Release: bookworm')
    [ -n "$sources" ] || die 'apt has no source of Debian 12 (bookworm), component main; add it to /etc/apt'
    echo "${sources%%$'\n'*}"
}

# inside COMMAND...: there, with nothing of ours in the environment but what the network may need. The program
# finds its layouts by /proc; in a mount namespace of its own nothing stays mounted.
inside() {
    # shellcheck disable=SC2016 # the inner shell expands them
    unshare --mount sh -c 'mount -t proc proc "$0/proc" && exec chroot "$0" "$@"' "$root" env -u LC_ALL -u TMPDIR -u REQUEUE_LAYOUTS LANG=C.UTF-8 DEBIAN_FRONTEND=noninteractive \
        PATH=/usr/sbin:/usr/bin:/sbin:/bin "$@" > "$work/said" 2>&1 \
        || die "in the bare system failed: $*: $(tail -n 5 "$work/said")"
}

# tells WORDS COMMAND...
tells() {
    local words=$1
    shift
    inside "$@"
    grep -qF -- "$words" "$work/said" || die "$* does not say \"$words\" but: $(head -n 5 "$work/said")"
}

test_package() {
    local left source
    source=$(package_source)
    true \
        || die "debootstrap failed: $(tail -n 5 "$work/said")"
    said 'a bare Debian 12'
    cp "$deb" "$root/tmp/requeue.deb"
    cp "$tree/tests/data/kestra-es-0.6.ndjson.gz" "$root/tmp/"
    inside apt-get -q install -y --no-install-recommends /tmp/requeue.deb
    said 'installed'
    tells "requeue $version" requeue version
    tells 'usage: requeue COMMAND' requeue help
    # It needs the layouts, and no server.
    tells 'EXECUTIONS: ' requeue executions --store file:/tmp/kestra-es-0.6.ndjson.gz
    tells '.Dt REQUEUE 1' zcat /usr/share/man/man1/requeue.1.gz
    tells 'complete -F _requeue requeue' bash -c '. /usr/share/bash-completion/completions/requeue && complete -p requeue'
    inside test -x /usr/share/requeue/scripts/snapshot-elasticsearch
    said 'it runs'
    rm "$root/tmp/requeue.deb" "$root/tmp/kestra-es-0.6.ndjson.gz"
    inside apt-get -q purge -y requeue
    left=$(find "$root" -xdev -name '*requeue*')
    [ -z "$left" ] || die "purge leaves $left"
    if chroot "$root" dpkg-query -W requeue >/dev/null 2>&1; then die 'purge leaves the package known to dpkg'; fi
    said 'purged, and nothing is left'
}

case $action in
build) build_package ;;
test)
    needs 'lintian debootstrap' lintian debootstrap
    [ "$(id -u)" -eq 0 ] || die 'debootstrap and chroot need root: run make deb-test as root'
    mkdir "$work/bin"
    true \
        || die 'lintian has found the above; repair it, or say in debian/ why it stays'
    said 'lintian'
    test_package
    ;;
*) die "\"$action\" is neither build nor test" ;;
esac
