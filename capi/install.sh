#!/usr/bin/env bash
# Installs headers, libraries, pkg-config and CMake files, as `cargo cinstall -p ntwait-capi` (cargo-c) does, where there is no cargo-c.
#
#   capi/install.sh PREFIX [LIBDIR]
#
# LIBDIR is relative to PREFIX: `lib` if it is not given. DESTDIR in the environment is put before all of it. It builds first, into the
# folder of the host's target triple, as cargo-c does: there the library gets a soname, which one that is used from target/release must not
# have. In the machine's own places, like /usr/local, run ldconfig afterwards.

set -euo pipefail

if (($# < 1 || $# > 2)) || [[ $1 == -* || ${2:-} == /* ]]; then
    sed -n '2,8s/^# \{0,1\}//p' "${BASH_SOURCE[0]}" >&2
    exit 2
fi
prefix=$(realpath -m -- "$1")
libdir=${2:-lib}
into=${DESTDIR:-}$prefix
cd -- "$(dirname -- "$(readlink -f -- "${BASH_SOURCE[0]}")")"

# ── the library ─────────────────────────────────────────────────────────────────────────────────

version=$(cargo pkgid)
version=${version##*[@#]}
IFS=. read -r major minor patch <<<"$version"
# As many numbers as stay the same in compatible versions.
if ((major > 0)); then
    compatible=$major
elif ((minor > 0)); then
    compatible=0.$minor
else
    compatible=0.0.$patch
fi

host=$(rustc -vV | sed -n 's/^host: //p')
said=$(mktemp)
trap 'rm -f "$said"' EXIT
cargo rustc --release --lib --target "$host" -- -C "link-arg=-Wl,-soname,libntwait.so.$compatible" \
    --print native-static-libs 2>&1 | tee "$said" >&2
needed=$(sed -n 's/.*native-static-libs: //p' "$said" | tail -n 1)
[[ -n $needed ]] || { echo "rustc does not say what the static library needs" >&2; exit 1; }
built=$(cargo metadata --format-version 1 --no-deps | sed -n 's/.*"target_directory":"\([^"]*\)".*/\1/p')/$host/release

# ── the tree ────────────────────────────────────────────────────────────────────────────────────

install -d "$into/include/ntwait" "$into/$libdir/pkgconfig" "$into/share/cmake/ntwait"
install -m 644 ../include/ntwait/*.h "$into/include/ntwait/"
install -m 644 cmake/*.cmake "$into/share/cmake/ntwait/"
install -m 644 "$built/libntwait.a" "$into/$libdir/"
install -m 755 "$built/libntwait.so" "$into/$libdir/libntwait.so.$version"
ln -sf "libntwait.so.$version" "$into/$libdir/libntwait.so.$compatible"
ln -sf "libntwait.so.$version" "$into/$libdir/libntwait.so"
cat >"$into/$libdir/pkgconfig/ntwait.pc" <<END
prefix=$prefix
exec_prefix=\${prefix}
libdir=\${prefix}/$libdir
includedir=\${prefix}/include

Name: ntwait
Description: The threads and synchronization objects of Windows NT, in user space
Version: $version
Libs: -L\${libdir} -lntwait
Cflags: -I\${includedir}
Libs.private: $needed
END
echo "installed ntwait $version in $into" >&2
