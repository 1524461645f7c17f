import FunMatchCommands

FunMatchCommand.main(
  registry: .standard
    .adding(dataset: .stripes)
    .adding(family: PlainNet.self)
    .adding(distance: JensenShannon.self)
    .adding(optimizer: Lion.self)
    .adding(crop: SquareCrop.self).adding(policy: .upright)
    .adding(metric: .reciprocalRank))
