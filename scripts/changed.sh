# For scripts that look at the layers that have changed. Sourced in the project's folder.

# COMMIT FOLDER…: those that have changed in src or tests since then, new files too, but none that are no more. "verbs" is one here.
changed_layers() {
  commit=$1
  shift
  layers=$(sed -nE 's/^([a-z]+):.*/\1/p' src/layers.txt)
  { git diff --name-only --no-renames "$commit" -- "$@"; git ls-files --others --exclude-standard -- "$@"; } |
    sed -nE 's#^(src|tests)/app/verbs/.*#verbs#p; t; s#^(src|tests)/([a-z]+)/.*#\2#p' | sort -u |
    { grep -xF -e verbs -e "$layers" || true; }
}
