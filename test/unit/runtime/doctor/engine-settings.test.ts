import { describe, expect, it } from "vitest";
import { containerdSettings, dockerSettings, podmanSettings } from "../../../../src/runtime/doctor/engine-settings.js";
import { tomlEntries } from "../../../../src/runtime/doctor/toml.js";

describe("TOML", () => {
	it("is read as far as engines' settings go", () => {
		const text = `
# [commented]
top = "a # b" # comment
[one."two.three".'four']
key = 'value'
list = [ "x", # first
  "y",
]
yes = true
number = 7
[[tables]]
dotted.name = "z"
`;
		expect(tomlEntries(text)).toEqual([
			{ table: [], key: "top", value: "a # b" },
			{ table: ["one", "two.three", "four"], key: "key", value: "value" },
			{ table: ["one", "two.three", "four"], key: "list", value: ["x", "y"] },
			{ table: ["one", "two.three", "four"], key: "yes", value: true },
			{ table: ["tables", "dotted"], key: "name", value: "z" },
		]);
	});

	it("that is damaged gives what is left of it", () => {
		expect(tomlEntries('[a\nb = "c\n= 1\nlist = ["x"')).toEqual([]);
	});
});

describe("the settings of", () => {
	it("Docker name runtimes, the default and the cgroup driver", () => {
		const text = JSON.stringify({
			runtimes: { tsrun: { path: "/usr/bin/tsrun" }, bare: {} },
			"default-runtime": "tsrun",
			"exec-opts": ["native.cgroupdriver=systemd"],
		});
		expect(dockerSettings(text)).toEqual({
			runtimes: { tsrun: "/usr/bin/tsrun", bare: "bare" },
			standard: "tsrun",
			systemdCgroup: true,
		});
		expect(dockerSettings("{}")).toEqual({ runtimes: {} });
		expect(dockerSettings("{")).toBeNull();
	});

	it("containerd stand with each runtime, in either version's spelling", () => {
		for (const plugin of ["io.containerd.grpc.v1.cri", "io.containerd.cri.v1.runtime"]) {
			const text = `
version = 2
[plugins."${plugin}".containerd]
  default_runtime_name = "tsrun"
[plugins."${plugin}".containerd.runtimes.tsrun]
  runtime_type = "io.containerd.runc.v2"
[plugins."${plugin}".containerd.runtimes.tsrun.options]
  BinaryName = "/usr/bin/tsrun"
  SystemdCgroup = true
[plugins."${plugin}".containerd.runtimes.runc.options]
  SystemdCgroup = false
`;
			expect(containerdSettings(text)).toEqual({
				runtimes: { tsrun: "/usr/bin/tsrun" },
				standard: "tsrun",
				systemdCgroup: { tsrun: true, runc: false },
			});
		}
	});

	it("Podman list places for each name", () => {
		const text = `
[engine]
runtime = "tsrun"
cgroup_manager = "cgroupfs"
[engine.runtimes]
tsrun = ["/usr/bin/tsrun", "/usr/local/bin/tsrun"]
none = []
`;
		expect(podmanSettings(text)).toEqual({
			runtimes: { tsrun: "/usr/bin/tsrun" },
			standard: "tsrun",
			systemdCgroup: false,
		});
	});
});
