#!/bin/sh
# make-image.sh ARCHIVE NAME: a root file system with a shell, cat and mkdir, and a file /inside that holds NAME.
set -e
root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT
mkdir -p "$root/bin"
cp /bin/dash "$root/bin/sh"
cp /bin/cat /bin/mkdir "$root/bin/"
ldd /bin/dash /bin/cat /bin/mkdir | grep -o '/[^ ]*\.so[^ ]*' | sort -u | while read -r lib; do
  mkdir -p "$root${lib%/*}"
  cp -L "$lib" "$root$lib"
done
echo "$2" >"$root/inside"
tar -C "$root" -cf "$1" .
chmod 644 "$1"
