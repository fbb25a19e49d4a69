#!/bin/sh
# Builds the sample and lays out its packages: `sh build.sh FOLDER` makes FOLDER/spatial and
# FOLDER/view, which are to be zipped, and FOLDER/console, the client.
set -e
sample=$(cd "$(dirname "$0")" && pwd)
mkdir -p "$1"
folder=$(cd "$1" && pwd)
cmake -S "$sample" -B "$folder/build" "-DCMAKE_PREFIX_PATH=$sample/../../sdk/cpp" > "$folder/log" &&
  cmake --build "$folder/build" --parallel 2 >> "$folder/log" || { cat "$folder/log" >&2; exit 1; }
for app in spatial view; do
  mkdir -p "$folder/$app"
  cp "$folder/build/$app" "$sample/map.txt" "$folder/$app/"
done
cp "$folder/build/console" "$folder/console"
