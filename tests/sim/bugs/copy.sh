#!/bin/sh
# copy ROOT NAME FILE...: copies the product's files into NAME/ and patches them with tests/sim/bugs/NAME.patch.
set -eu
root=$1 name=$2
shift 2
rm -rf "$name"
for file in "$@"; do
    mkdir -p "$name/$(dirname "$file")"
    cp "$root/$file" "$name/$file"
done
patch --silent --fuzz=0 --directory="$name" --strip=1 <"$root/tests/sim/bugs/$name.patch"
