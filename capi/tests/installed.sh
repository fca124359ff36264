#!/usr/bin/env bash
# The installed tree, as a user has it: what is in it, its headers with each compiler, its symbols, the examples through pkg-config and CMake.
#
#   capi/tests/installed.sh
#
# Installs into a temporary prefix, with cargo-c if it is there, and with install.sh. One line for each check, the sum in the last one, both
# as libtest writes them; what a check needs and the machine lacks makes it ignored, and that is said.

set -uo pipefail
here=$(dirname -- "$(readlink -f -- "${BASH_SOURCE[0]}")")
repository=$(readlink -f -- "$here/../..")
cd -- "$repository" || exit 1
exec </dev/null

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
prefix=$work/prefix
export PKG_CONFIG_PATH=$prefix/lib/pkgconfig LD_LIBRARY_PATH=$prefix/lib

passed=0
failed=0
ignored=0

# check NAME COMMAND…: one test. What the command says is shown if it fails.
check() {
    local status
    "${@:2}" >"$work/log" 2>&1
    status=$?
    if ((status == 0)); then
        echo "test installed::$1 ... ok"
        passed=$((passed + 1))
    else
        echo "test installed::$1 ... FAILED (status $status)"
        failed=$((failed + 1))
        sed 's/^/    /' "$work/log" | tail -n 40
    fi
}

# ignore NAME WHY
ignore() {
    echo "test installed::$1 ... ignored, $2"
    ignored=$((ignored + 1))
}

has() { command -v "$1" >/dev/null; }

# limited COMMAND…: a hang is a failure.
limited() { timeout --kill-after=10 180 "$@"; }

finish() {
    local word=ok
    ((failed == 0 && passed > 0)) || word=FAILED
    echo "test result: $word. $passed passed; $failed failed; $ignored ignored"
    [[ $word == ok ]]
}

# ── the trees ───────────────────────────────────────────────────────────────────────────────────

with_cargo_c() { cargo cinstall --release -p ntwait-capi --prefix "$prefix" --libdir "$prefix/lib"; }

with_script() { capi/install.sh "$1"; }

# The same files, modes and links; the same text in what is text.
same_trees() {
    diff <(cd "$1" && find . -printf '%y %m %p %l\n' | sort) <(cd "$2" && find . -printf '%y %m %p %l\n' | sort) &&
        diff -r "$1/include" "$2/include" && diff -r "$1/share" "$2/share" &&
        diff <(sed "s|$1|PREFIX|" "$1/lib/pkgconfig/ntwait.pc") <(sed "s|$2|PREFIX|" "$2/lib/pkgconfig/ntwait.pc")
}

destdir() {
    DESTDIR=$work/staged capi/install.sh /opt/nt lib64 && [[ -f $work/staged/opt/nt/lib64/libntwait.so ]] &&
        grep -qx 'prefix=/opt/nt' "$work/staged/opt/nt/lib64/pkgconfig/ntwait.pc" &&
        grep -qx "libdir=\${prefix}/lib64" "$work/staged/opt/nt/lib64/pkgconfig/ntwait.pc"
}

if has cargo-cinstall; then
    check cargo_c with_cargo_c
    check script with_script "$work/script"
    check cargo_c_and_script_install_the_same same_trees "$prefix" "$work/script"
else
    ignore cargo_c "there is no cargo-c"
    check script with_script "$prefix"
fi
check script_into_destdir destdir
[[ -f $prefix/lib/libntwait.so ]] || { finish; exit 1; }

# ── headers ─────────────────────────────────────────────────────────────────────────────────────

c_compilers=()
cpp_compilers=()
for compiler in gcc clang; do if has $compiler; then c_compilers+=("$compiler"); fi; done
for compiler in g++ clang++; do if has $compiler; then cpp_compilers+=("$compiler"); fi; done
((${#c_compilers[@]} > 0)) || ignore c "there is no gcc and no clang"
((${#cpp_compilers[@]} > 0)) || ignore cpp "there is no g++ and no clang++"
strict=(-Wall -Wextra -Wpedantic -Werror -I "$prefix/include")

# alone COMPILER STANDARD LANGUAGE HEADER…: a file that includes nothing else.
alone() {
    printf '#include <ntwait/%s.h>\n' "${@:4}" | limited "$1" "-std=$2" -x "$3" "${strict[@]}" -Wconversion -Wsign-conversion -fsyntax-only -
}

for compiler in "${c_compilers[@]}"; do
    for header in nt win32 ext; do
        check "${header}_alone_as_c11_$compiler" alone "$compiler" c11 c $header
    done
    check "layouts_as_c11_$compiler" limited "$compiler" -std=c11 "${strict[@]}" -fsyntax-only "$here/headers/layouts.c"
done
for compiler in "${cpp_compilers[@]}"; do
    for header in nt win32 ext pevents; do
        check "${header}_alone_as_c++17_$compiler" alone "$compiler" c++17 c++ $header
    done
    check "pevents_alone_as_c++11_$compiler" alone "$compiler" c++11 c++ pevents
    check "pevents_before_win32_$compiler" alone "$compiler" c++17 c++ pevents win32
    check "win32_before_pevents_$compiler" alone "$compiler" c++17 c++ win32 pevents
    check "layouts_as_c++17_$compiler" limited "$compiler" -std=c++17 -x c++ "${strict[@]}" -fsyntax-only "$here/headers/layouts.c"
done

# ── symbols and versions ────────────────────────────────────────────────────────────────────────

# What the headers bind to, after the preprocessor: labels, and the names that are their own symbols.
declared() {
    printf '#include <ntwait/%s.h>\n' nt win32 ext | cc -E -P -x c -I "$prefix/include" - |
        grep -oE '__asm__ *\("ntw_" *"[A-Za-z0-9_]+"\)|\<ntw_[a-z0-9_]+ *\(' | sed -E 's/__asm__|[^A-Za-z0-9_]//g' | sort -u
}

exported() { nm -D --defined-only "$prefix/lib/libntwait.so" | awk '{ print $NF }' | sort; }

# Everything that is declared, and nothing else.
symbols() {
    declared >"$work/declared" && exported >"$work/exported" && [[ -s $work/declared && -s $work/exported ]] || return 1
    local missing more
    missing=$(comm -23 "$work/declared" "$work/exported")
    more=$(comm -13 "$work/declared" "$work/exported")
    printf '%s\n' "declared, but not exported:" "$missing" "exported, but not declared:" "$more" | paste -sd ' ' | fold -s -w 110
    [[ -z $missing && -z $more ]]
}

# The library, pkg-config, CMake and the file's names agree.
versions() {
    local version soname
    version=$(cargo pkgid -p ntwait-capi) && version=${version##*[@#]}
    printf '#include <ntwait/ext.h>\n#include <stdio.h>\nint main(void) { return puts(ntw_version()) < 0; }\n' >"$work/version.c"
    compile shared cc -std=c11 "$work/version.c" -o "$work/version" || return 1
    soname=$(readelf -d "$prefix/lib/libntwait.so" | sed -n 's/.*SONAME.*\[\(.*\)\]/\1/p')
    echo "package $version, soname $soname, CMake $(grep PACKAGE_VERSION\  "$prefix/share/cmake/ntwait/ntwaitConfigVersion.cmake")"
    [[ $(limited "$work/version") == "$version" ]] && [[ $(pkg-config --modversion ntwait) == "$version" ]] &&
        grep -qxF "set(PACKAGE_VERSION \"$version\")" "$prefix/share/cmake/ntwait/ntwaitConfigVersion.cmake" &&
        [[ -L $prefix/lib/$soname && libntwait.so.$version == "$soname"* && -f $prefix/lib/libntwait.so.$version ]]
}

# ── programs, through pkg-config ────────────────────────────────────────────────────────────────

# compile KIND COMPILER ARGUMENT…: a program, against the shared or the static library.
compile() {
    local flags
    if [[ $1 == static ]]; then
        flags=$(pkg-config --static --cflags --libs ntwait | sed 's/-lntwait/-l:libntwait.a/') || return 1
    else
        flags=$(pkg-config --cflags --libs ntwait) || return 1
    fi
    # shellcheck disable=SC2086 # several words
    limited "${@:2}" -Wall -Wextra -Werror -pthread $flags
}

# links_shared PROGRAM: whether it loads libntwait.so.
links_shared() { readelf -d "$1" | grep -q 'NEEDED.*libntwait\.so'; }

# of_kind KIND PROGRAM
of_kind() { if [[ $1 == shared ]]; then links_shared "$2"; else ! links_shared "$2"; fi; }

# prints PROGRAM FILE: what the program says is what the file has.
prints() { diff <(limited "$1" || echo "status $?") "$2"; }

# example KIND COMPILER STANDARD SOURCE: builds and runs one, whose output lies beside it.
example() {
    local program=$work/example-$1-$2
    compile "$1" "$2" "-std=$3" "$4" -o "$program" && of_kind "$1" "$program" && prints "$program" "${4%.*}.txt"
}

# program KIND COMPILER STANDARD NAME: builds and runs one of headers/.
program() {
    compile "$1" "$2" "-std=$3" "$here/headers/$4.cpp" -o "$work/$4" && of_kind "$1" "$work/$4" && limited "$work/$4"
}

# The example of the README.
readme() {
    awk '/^```c$/ { inside = 1; next } /^```/ { inside = 0 } inside' README.md >"$work/readme.c"
    echo 42 >"$work/readme.txt"
    example shared cc c11 "$work/readme.c"
}

if has nm; then check symbols symbols; else ignore symbols "there is no nm"; fi
if has pkg-config; then
    check versions versions
    check readme readme
    for kind in shared static; do
        for compiler in "${c_compilers[@]}"; do
            for name in queue epoll; do
                check "example_c_${name}_${kind}_$compiler" example $kind "$compiler" c11 examples/c/$name.c
            done
        done
        for compiler in "${cpp_compilers[@]}"; do
            check "example_cpp_${kind}_$compiler" example $kind "$compiler" c++17 examples/cpp/workers.cpp
        done
    done
    for compiler in "${cpp_compilers[@]}"; do
        check "pevents_$compiler" program shared "$compiler" c++11 pevents
        check "statics_$compiler" program shared "$compiler" c++17 statics
    done
    if ((${#cpp_compilers[@]} > 0)); then check statics_static program static "${cpp_compilers[0]}" c++17 statics; fi
else
    ignore pkg_config "there is no pkg-config"
fi

# ── CMake ───────────────────────────────────────────────────────────────────────────────────────

# cmake_examples PREFIX: the project finds the library there, builds and says what it should.
cmake_examples() {
    local build name
    build=$(mktemp -d -p "$work")
    limited cmake -S examples/cmake -B "$build" -DCMAKE_PREFIX_PATH="$1" && limited cmake --build "$build" || return 1
    grep "^ntwait_DIR:PATH=$1/" "$build/CMakeCache.txt" || return 1
    for name in queue epoll workers; do
        links_shared "$build/$name" && ! links_shared "$build/${name}_static" || return 1
        prints "$build/$name" examples/*/"$name".txt && prints "$build/${name}_static" examples/*/"$name".txt || return 1
    done
}

# moved PREFIX: the tree elsewhere, its CMake files beside the libraries.
moved() {
    cp -a "$prefix" "$work/moved" && mkdir "$work/moved/lib/cmake" && mv "$work/moved/share/cmake/ntwait" "$work/moved/lib/cmake/" &&
        cmake_examples "$work/moved"
}

# version_asked VERSION: whether find_package takes the library for it.
version_asked() {
    local project
    project=$(mktemp -d -p "$work")
    printf 'cmake_minimum_required(VERSION 3.16)\nproject(p LANGUAGES C)\nfind_package(ntwait %s REQUIRED CONFIG)\n' "$1" >"$project/CMakeLists.txt"
    limited cmake -S "$project" -B "$project/build" -DCMAKE_PREFIX_PATH="$prefix"
}

versions_asked() {
    version_asked 0.1 && version_asked 0.1.0 && version_asked "" && ! version_asked 0.0.9 && ! version_asked 0.1.99 && ! version_asked 1
}

if has cmake && ((${#cpp_compilers[@]} > 0)); then
    check cmake cmake_examples "$prefix"
    check cmake_moved moved
    check cmake_versions versions_asked
else
    ignore cmake "there is no cmake or no C++ compiler"
fi

finish
