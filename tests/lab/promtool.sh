# shellcheck shell=bash
# promtool and amtool, which check rules and settings without a server: on this machine, from
# the same packages as the images of Prometheus and Alertmanager.

readonly PROMETHEUS_ROOT=$LAB/prometheus

promtool_up() {
  local tool
  for tool in promtool amtool; do
    command -v "$tool" >/dev/null && continue
    [[ -x $PROMETHEUS_ROOT/usr/bin/$tool ]] ||
      forky_unpack "$PROMETHEUS_ROOT" promtool prometheus-alertmanager
    say "promtool: link $tool as /usr/local/bin/$tool"
    ln -sfn "$PROMETHEUS_ROOT/usr/bin/$tool" "/usr/local/bin/$tool"
    "$tool" --version >/dev/null || die "promtool: $tool does not run"
  done
}
