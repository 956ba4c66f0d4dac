# For scripts that use a clean Debian in a chroot of build/chroots. Sourced by bash.

stop() {
  echo "$(basename "$0"): $1" >&2
  exit 2
}

is_distribution() { case $1 in bookworm | trixie | sid) ;; *) return 1 ;; esac }

need_root_and() {  # PROGRAM…
  [ "$(id -u)" -eq 0 ] || stop "needs root, to make a chroot"
  for program; do
    command -v "$program" >/dev/null || stop "needs $program: apt-get install debootstrap git systemd-container util-linux"
  done
}

lock_chroot() {  # NAME; sets chroot, its folder
  chroot=$PWD/build/chroots/$1
  mkdir -p "$(dirname "$chroot")"
  exec 9>"$chroot.lock"
  flock --nonblock 9 || stop "another process uses $chroot"
}

# When the first process of the namespaces ends, all others do, and their mounts are gone.
in_namespaces() {  # FUNCTION ARGUMENT…
  export_all_functions
  unshare --mount --pid --fork --kill-child bash -euc '"$@"' "$(basename "$0")" "$@" </dev/null &
  trap 'kill -KILL $!; exit 130' INT TERM HUP
  wait $!
}

export_all_functions() {
  # shellcheck disable=SC2046  # a list of words
  export -f $(compgen -A function)
}

make_chroot() {  # DISTRIBUTION CHROOT OPTION…
  rm -rf --one-file-system "$2"
  debootstrap --variant=minbase "${@:3}" "$1" "$2" "$(mirror)"
  echo 'Acquire::Check-Valid-Until "false";' >"$2/etc/apt/apt.conf.d/80mirror"  # a mirror may be that of an earlier day
  touch "$2/complete"
}

# The first mirror of Debian that apt uses here.
mirror() {
  apt-get indextargets --format '$(ORIGIN)/$(LABEL) $(REPO_URI)' 'Created-By: Packages' | sed -n '/^Debian.Debian /{s///p;q}'
}
