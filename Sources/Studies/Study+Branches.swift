import FunMatchRuns

extension Study {
  /// Trains students of which some go on from a state of another: a trunk stops where a branch leaves it, that takes over its
  /// state, and both go on side by side with the same batches.
  ///
  /// - Returns: whether all is done.
  func trainBranches(
    _ plan: StudyPlan, _ states: StudyStates, _ trainer: StudyTrainer
  ) throws -> Bool {
    for (place, group) in plan.groups.enumerated() {
      let branches = plan.branches.filter { group.contains($0.student) }
      var running = Set(group).subtracting(branches.map(\.student))
      for end in Set(branches.map(\.step)).sorted() + [.max] {
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
      }
    }
    return true
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
    let student = file.students[branch.student]
    _ = try options.shared {
      let from = try Branch(of: folder.student(trunk.name), step: branch.step, student.file)
      var quiet = options
      quiet.isQuiet = true
      try from.begin(folder.student(own.name), student.file, student.kind, quiet) { _ in
        plan.images[branch.student]
      }
      return true
    }
    states.advance(branch.student, to: branch.step)
    trainer.log.info("\(own.name) goes on from step \(branch.step) of \(trunk.name)")
  }
}
