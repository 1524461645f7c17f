import FunMatchTorch
import Testing

/// What a process makes of the variables that say where it is among several.
struct LaunchTests {
  private let torchrun = [
    "RANK": "3", "LOCAL_RANK": "1", "WORLD_SIZE": "4", "MASTER_ADDR": "node0",
    "MASTER_PORT": "29500", "TORCHELASTIC_USE_AGENT_STORE": "True",
    "TORCHELASTIC_RESTART_COUNT": "2",
  ]

  @Test func torchrunsVariablesAreRead() throws {
    let launch = try #require(try Launch(torchrun))
    #expect(launch.rank == 3 && launch.localRank == 1 && launch.size == 4)
    #expect(launch.host == "node0" && launch.port == 29500)
    #expect(launch.hasAgent && launch.restarts == 2 && launch.timeout == 300)
  }

  @Test func slurmsVariablesAreRead() throws {
    var slurm = [
      "SLURM_PROCID": "5", "SLURM_LOCALID": "1", "SLURM_NTASKS": "8", "SLURM_NNODES": "2",
      "MASTER_ADDR": "10.0.0.7", "MASTER_PORT": "1234", "FUNMATCH_TIMEOUT": "20",
    ]
    let launch = try #require(try Launch(slurm))
    #expect(launch.rank == 5 && launch.localRank == 1 && launch.size == 8)
    #expect(launch.host == "10.0.0.7" && launch.port == 1234)
    #expect(!launch.hasAgent && launch.restarts == 0 && launch.timeout == 20)
    // On one machine they meet without being told where, apart from those of other jobs.
    slurm["SLURM_NNODES"] = "1"
    slurm["SLURM_JOB_ID"] = "4711"
    slurm["MASTER_ADDR"] = nil
    slurm["MASTER_PORT"] = nil
    let alone = try #require(try Launch(slurm))
    #expect(alone.host == "127.0.0.1" && alone.port == 24_711)
  }

  @Test func aProcessOfItsOwnHasNoPlace() throws {
    #expect(try Launch([:]) == nil)
    #expect(try Launch(["WORLD_SIZE": "1", "RANK": "0"]) == nil)
    #expect(try Launch(["SLURM_PROCID": "0", "SLURM_NTASKS": "1"]) == nil)
  }

  @Test(arguments: [
    ("RANK", nil, "RANK is not set"), ("RANK", "4", "RANK is '4'"), ("RANK", "x", "RANK is 'x'"),
    ("WORLD_SIZE", "0", "WORLD_SIZE is '0'"), ("MASTER_ADDR", nil, "MASTER_ADDR is not set"),
    ("MASTER_PORT", "70000", "MASTER_PORT is '70000'"), ("MASTER_PORT", nil, "MASTER_PORT is not"),
    ("LOCAL_RANK", "-1", "LOCAL_RANK is '-1'"),
  ])
  func impossibleVariablesAreNamed(name: String, value: String?, words: String) {
    var variables = torchrun
    variables[name] = value
    #expect { try Launch(variables) } throws: { "\($0)".contains(words) }
  }
}
