"""The files that `gemensam-subscriber init` writes: a configuration and a policy to edit."""

CONFIGURATION = """\
# A Gemensam subscriber: brings what its systems subscribe to into this body's own gateway.
registry: 127.0.0.1:7400
systems: [organisations/example/systems/gateway]
policy: policy.yaml
state: state.db
# metrics_address: 7490    # /metrics for Prometheus; a port alone is on loopback
adapters:
  - kind: envoy            # an Envoy that follows clusters.json and routes.json in this folder
    directory: envoy       # `gemensam-subscriber bootstrap` prints a bootstrap for it
    gateway: http://127.0.0.1:10000
    admin: 127.0.0.1:9901
# - kind: nginx            # `gemensam-subscriber bootstrap FOLDER --kind nginx` shows what nginx.conf must have;
#   directory: nginx       # haproxy and caddy likewise: subscribers/README.md tells what each takes
#   gateway: http://127.0.0.1:10000
#   command: [nginx, -c, /etc/nginx/nginx.conf]
  - kind: files            # and one JSON file for each service, for whatever else reads them
    directory: services
"""

POLICY = """\
# What may reach this body's gateway, whoever says so. Everything that is not listed is refused.
organisations: ["organisations/*"]   # providers; write their names to be strict
hosts: ["*.example.se"]              # hosts of their services
ports: [443]
plain_text: false                    # true: also http and grpc without TLS
private_ranges: []                   # networks inside which addresses are taken though not global, e.g. 10.20.0.0/16
signatures: accepted                 # required: only releases that one of these keys has signed; ignored: not looked at
publishers: {}                       # public keys by provider, e.g. organisations/a: ["a.example.se+1a2b3c4d+AQ..."]
"""
