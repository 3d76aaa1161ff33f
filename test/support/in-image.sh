#!/bin/sh
# in-image.sh IMAGE COMMAND...: runs a command in an image, which is an archive of a root file system, by bubblewrap, as
# an ordinary user. The command sees the repository that it starts in.
set -e
top=$(git rev-parse --show-toplevel)
image=$(realpath "$1")
shift
root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT
tar -xf "$image" -C "$root"
mkdir -p "$root$top" "$root/dev"
bwrap --unshare-user --bind "$root" / --dev /dev --bind "$top" "$top" --chdir "$(pwd -P)" "$@"
