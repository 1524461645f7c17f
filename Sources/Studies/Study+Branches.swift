import Foundation
import FunMatchRecipes
import FunMatchRuns

extension Study {
  /// Trains students of which some go on from a state of another: a trunk stops where a branch leaves it, that takes over its
  /// state, and both go on side by side with the same batches. It stops once more before it cools down: that state is kept
  /// for lengths that the file may get later.
  ///
  /// - Returns: whether all is done.
  func trainBranches(
    _ plan: StudyPlan, _ states: StudyStates, _ trainer: StudyTrainer
  ) throws -> Bool {
    try beginTrunks(plan, states, trainer)
    for (place, group) in plan.groups.enumerated() {
      let branches = plan.branches.filter { group.contains($0.student) }
      let trunks = plan.trunks.filter { group.contains($0.student) }
      var running = Set(group).subtracting(branches.map(\.student))
      for end in Set(branches.map(\.step) + trunks.map(\.step)).sorted() + [.max] {
        let students = group.filter {
          running.contains($0) && states.isUnfinished($0, until: end, of: plan.steps[$0])
        }
        guard
          try students.isEmpty
            || trainer.train(students, until: end, group: plan.words(group: place))
        else { return false }
        for branch in branches where branch.step == end {
          try begin(branch, plan, states, trainer)
          running.insert(branch.student)
        }
        for trunk in trunks where trunk.step == end { try keep(trunk, plan, states) }
      }
    }
    return true
  }

  /// Has trunks that have not begun go on from where shorter ones, trained before, began to cool down.
  private func beginTrunks(
    _ plan: StudyPlan, _ states: StudyStates, _ trainer: StudyTrainer
  ) throws {
    var lost: [(trunk: String, earlier: String, step: Int)] = []
    for trunk in plan.trunks {
      let own = states.result.students[trunk.student]
      guard own.state == .waiting, own.steps == 0 else { continue }
      // Those that have made its first steps, the longest last.
      let earlier = plan.branches.filter {
        $0.trunk == trunk.student && states.result.students[$0.student].steps >= $0.step
      }
      guard let longest = earlier.last else { continue }
      let place = try options.shared {
        try earlier.lastIndex { try begin(trunk, where: $0, plan, trainer) }
      }
      guard let place else {
        lost.append((own.name, file.students[longest.student].name, longest.step))
        continue
      }
      let from = earlier[place]
      states.advance(trunk.student, to: from.step)
      trainer.log.info(
        "\(own.name) goes on from step \(from.step) of \(file.students[from.student].name)")
    }
    guard let first = lost.first else { return }
    let others = lost.count > 1 ? " (and \(lost.count - 1) others)" : ""
    let state = "the state of \(first.earlier) after step \(first.step)"
    trainer.log.warning("\(first.trunk)\(others) begins with step 1: \(state) was not kept")
  }

  /// Has a trunk go on from where a shorter one began to cool down.
  ///
  /// - Returns: false where that was not kept.
  private func begin(
    _ trunk: StudyPlan.Trunk, where branch: StudyPlan.Branch, _ plan: StudyPlan,
    _ trainer: StudyTrainer
  ) throws -> Bool {
    let earlier = file.students[branch.student]
    let kept = folder.trunk(earlier.name)
    guard Checkpoint.newest(in: kept.checkpoints)?.step == branch.step else { return false }
    do {
      try kept.checkRecipe(earlier.file)
      let own = folder.student(file.students[trunk.student].name)
      try copy(kept, step: branch.step, to: own, of: trunk.student, plan)
      return true
    } catch let error as RecipeError {
      trainer.log.warning("\(error)")
      return false
    }
  }

  /// Has a student that has not begun go on from its trunk, if that is at its step. Where it is beyond, as when the file got
  /// another length, or has failed, the student makes all steps itself.
  private func begin(
    _ branch: StudyPlan.Branch, _ plan: StudyPlan, _ states: StudyStates, _ trainer: StudyTrainer
  ) throws {
    let (own, trunk) = (
      states.result.students[branch.student], states.result.students[branch.trunk]
    )
    guard own.state == .waiting, own.steps == 0, trunk.state == .waiting,
      trunk.steps == branch.step
    else { return }
    _ = try options.shared {
      try copy(
        folder.student(trunk.name), step: branch.step, to: folder.student(own.name),
        of: branch.student, plan)
      return true
    }
    states.advance(branch.student, to: branch.step)
    trainer.log.info("\(own.name) goes on from step \(branch.step) of \(trunk.name)")
  }

  /// Keeps the state of a trunk that is going to cool down, in place of those of shorter ones.
  private func keep(_ trunk: StudyPlan.Trunk, _ plan: StudyPlan, _ states: StudyStates) throws {
    let own = states.result.students[trunk.student]
    guard own.state == .waiting, own.steps == trunk.step else { return }
    _ = try options.shared {
      let kept = folder.trunk(own.name)
      // What a killed process or a run before this one left.
      forget(kept)
      try copy(
        folder.student(own.name), step: trunk.step, to: kept, of: trunk.student, plan)
      for branch in plan.branches where branch.trunk == trunk.student {
        forget(folder.trunk(file.students[branch.student].name))
      }
      return true
    }
  }

  private func forget(_ kept: RunFolder) {
    // First, so that nothing goes on from a part of the rest.
    Checkpoint.removeAll(in: kept.checkpoints, rule: CheckpointRecipe())
    try? FileManager.default.removeItem(atPath: kept.path)
  }

  /// Puts what a run was after a step into another folder, as the beginning of a student.
  private func copy(
    _ run: RunFolder, step: Int, to target: RunFolder, of student: Int, _ plan: StudyPlan
  ) throws {
    let own = file.students[student]
    var quiet = options
    quiet.isQuiet = true
    try Branch(of: run, step: step, own.file).begin(target, own.file, own.kind, quiet) { _ in
      plan.images[student]
    }
  }
}
