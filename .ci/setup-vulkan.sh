#!/usr/bin/env bash
# Puts software Vulkan devices, for WebGPU through Dawn, and a C++ compiler on a Debian or Ubuntu machine:
#   /opt/attnc/lavapipe_icd.json       Mesa 25 lavapipe (Debian 12: unpacked from bookworm-backports beside the system's Mesa)
#   /opt/attnc/swiftshader_icd.json    SwiftShader, from Debian's chromium package
#   g++                                for the CUDA emulator
#   python3-numpy                      for tests of the formulas that packages for PyTorch have
# Run as root. A second run does nothing. Each part that fails is named on stderr and the others go on.
set -uo pipefail
ROOT=${ATTNC_VULKAN_ROOT:-/opt/attnc}
MESA=$ROOT/mesa25
LAVAPIPE=$ROOT/lavapipe_icd.json
SWIFTSHADER=$ROOT/swiftshader_icd.json
CHROMIUM_ICD=/usr/lib/chromium/vk_swiftshader_icd.json
export DEBIAN_FRONTEND=noninteractive
failed=0
say() { echo "setup-vulkan: $*" >&2; }
absent() { say "$*"; failed=1; }

[ "$(id -u)" = 0 ] || { say 'must run as root'; exit 1; }
command -v apt-get >/dev/null || { say 'needs apt-get (Debian or Ubuntu)'; exit 1; }
mkdir -p "$ROOT" || exit 1

updated=
update() {
  [ -z "$updated" ] || return 0
  apt-get update -qq >/dev/null 2>&1 || apt-get update -qq >/dev/null 2>&1 || say 'apt-get update failed; going on with the lists at hand'
  updated=1
}
install() { update; apt-get install -y -qq --no-install-recommends "$@" >/dev/null 2>&1; }
write_icd() { printf '{"file_format_version":"1.0.0","ICD":{"library_path":"%s","api_version":"%s"}}\n' "$2" "$3" > "$1"; }

codename() { . /etc/os-release 2>/dev/null; echo "${VERSION_CODENAME:-}"; }

# The backports suite at the address that apt already uses for Debian.
add_backports() {
  grep -rqs bookworm-backports /etc/apt/sources.list /etc/apt/sources.list.d && return 0
  local uri key=/usr/share/keyrings/debian-archive-keyring.gpg
  uri=$( { grep -rhs '^URIs:' /etc/apt/sources.list.d --include='*.sources' | awk '{print $2}'
           grep -rhs '^deb ' /etc/apt/sources.list /etc/apt/sources.list.d --include='*.list' | grep -o 'https\?://[^ ]*'
         } | grep '/debian/\?$' | head -1)
  [ -n "$uri" ] || { say 'apt uses no Debian archive'; return 1; }
  { printf 'Types: deb\nURIs: %s\nSuites: bookworm-backports\nComponents: main\n' "$uri"
    [ ! -s $key ] || printf 'Signed-By: %s\n' "$key"; } > /etc/apt/sources.list.d/attnc-backports.sources
  updated=
}

# Debian 12's own Mesa is too old for Dawn, and replacing it would change the machine: unpack the newer one aside.
unpack_lavapipe() {
  add_backports || return 1
  update
  # What the driver links to comes from the distribution itself.
  local package
  for package in libvulkan1 libdrm2 libelf1 libexpat1 libx11-xcb1 libxcb1 libxcb-dri3-0 libxcb-present0 libxcb-randr0 \
    libxcb-shm0 libxcb-sync1 libxcb-xfixes0 libxshmfence1 libxcb-keysyms1 libwayland-client0 libudev1 libzstd1 zlib1g libllvm15; do
    dpkg -s "$package" >/dev/null 2>&1 || install "$package" || say "no package $package"
  done
  local tmp lib missing
  tmp=$(mktemp -d) && chmod 755 "$tmp" || return 1
  mkdir -p "$MESA"
  (cd "$tmp" && apt-get download -qq -o APT::Sandbox::User=root mesa-vulkan-drivers/bookworm-backports >/dev/null 2>&1) &&
    dpkg -x "$tmp"/mesa-vulkan-drivers_*.deb "$MESA"
  rm -rf "$tmp"
  lib=$(find "$MESA" -name libvulkan_lvp.so | head -1)
  [ -n "$lib" ] || return 1
  missing=$(ldd "$lib" | awk '/not found/ {print $1}')
  [ -z "$missing" ] || { say "lavapipe lacks $missing"; return 1; }
  write_icd "$LAVAPIPE" "$lib" 1.4.305
}

system_lavapipe() {
  install mesa-vulkan-drivers libvulkan1
  local icd
  icd=$(ls /usr/share/vulkan/icd.d/lvp_icd*.json 2>/dev/null | head -1)
  [ -n "$icd" ] && cp "$icd" "$LAVAPIPE"
}

if [ ! -s "$LAVAPIPE" ]; then
  if [ "$(codename)" = bookworm ]; then unpack_lavapipe; else system_lavapipe; fi || absent 'no lavapipe'
fi
if [ ! -s "$SWIFTSHADER" ]; then
  [ -s "$CHROMIUM_ICD" ] || install chromium
  if [ -s /usr/lib/chromium/libvk_swiftshader.so ]; then
    write_icd "$SWIFTSHADER" /usr/lib/chromium/libvk_swiftshader.so 1.0.5
  else
    absent 'no chromium, so no SwiftShader'
  fi
fi
command -v g++ >/dev/null || install g++ || absent 'no g++'
for python in python3 /usr/bin/python3; do "$python" -c 'import numpy' 2>/dev/null && numpy=found; done
[ -n "${numpy:-}" ] || install python3-numpy || absent 'no Python with NumPy'
exit $failed
