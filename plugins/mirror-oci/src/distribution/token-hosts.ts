/** Registries whose token server has a name of its own (hostile-inputs R08). */
const TOKEN_HOSTS: Readonly<Record<string, readonly string[]>> = {
  'docker.io': ['auth.docker.io'],
  'registry.gitlab.com': ['gitlab.com'],
  'registry.digitalocean.com': ['api.digitalocean.com'],
  'registry.redhat.io': ['sso.redhat.com'],
  'nvcr.io': ['authn.nvidia.com'],
};

/** Hosts that may see the credentials of `host`, besides itself. */
export function tokenHostsOf(host: string): readonly string[] {
  return TOKEN_HOSTS[host] ?? [];
}
