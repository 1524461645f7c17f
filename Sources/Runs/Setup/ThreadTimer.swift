import Foundation
import FunMatchDistillation
import FunMatchFiles
import FunMatchModels
import FunMatchNN
import FunMatchTorch

/// Times a step in the ways to share the cores, on views that are made up: small networks gain little from many threads, and
/// beside another program less than nothing. That is so at this hour alone, and is measured anew for every run. For CPUs.
package struct ThreadTimer {
  /// A way to share the cores, and the teachers for it.
  private struct Way {
    let plan: ThreadPlan
    let teachers: [Teacher]
    var seconds: [Double] = []

    var median: Double { seconds.sorted()[seconds.count / 2] }
  }

  private let count: Int
  private let images: [Int: Tensor]
  private let network: any Model
  private let mode: Mode
  private let resolution: Int
  private let limit: Duration
  private let thread = WorkerThread()

  /// How much faster than the usual one another way has to be. Of two that are equal, the one without barriers bears other
  /// programs better.
  private static let gain = 1.05
  /// Slower than the fastest by so much, a way is timed once.
  private static let hopeless = 1.25
  /// Steps of each way: as many as fit in a time, within bounds.
  private static let (enough, most) = (Duration.seconds(1), Duration.seconds(10))
  private static let fewest = 3
  /// What measuring may take of a run's start.
  package static let limit = Duration.seconds(60)
  /// Steps that are made at least, what is compiled counted as some.
  private static let leastSteps = 8
  /// Values of teachers of which copies are compiled for other numbers of threads.
  private static let mostValues = 1 << 26

  /// - Parameters:
  ///   - count: images that are computed at a time in the run; large ones are fewer.
  ///   - teachers: resolutions that they are shown.
  ///   - limit: what measuring may take; where a step takes too much of it, the usual way stays.
  package init(
    _ spec: ModelSpec, resolution: Int, precision: DType, count: Int, teachers: [Int],
    limit: Duration = ThreadTimer.limit
  ) throws {
    (self.resolution, self.limit) = (resolution, limit)
    let count = min(count, EngineTimer.most((teachers + [resolution]).max() ?? resolution))
    self.count = count
    images = Dictionary(
      uniqueKeysWithValues: Set(teachers + [resolution]).map { side in
        (side, Torch.withSeed(0) { .rand([count, 3, side, side]) * 2 - 1 }.channelsLast)
      })
    network = try spec.build(seed: 0)
    network.store.requireGradients()
    mode = .training(precision)
  }

  /// The fastest way; the usual one, all threads for one network after the other, unless another is clearly faster.
  ///
  /// - Parameters:
  ///   - teachers: those of the usual way.
  ///   - isEven: whether they have as many threads as the student, since libtorch computes some of them.
  ///   - copies: gives the same for so many threads; `nil` where they have to take turns.
  /// - Throws: what compiling them throws.
  package func plan(
    _ teachers: [Teacher], isEven: Bool, copies: (_ threads: Int) throws -> [Teacher]?
  ) throws -> (plan: ThreadPlan, teachers: [Teacher], words: String) {
    let all = Torch.threads
    defer { Torch.threads = all }
    var ways = [Way(plan: ThreadPlan(student: all), teachers: teachers)]
    let first = seconds { step(ways[0]) }
    guard first * Double(Self.leastSteps) < limit.seconds else {
      let words =
        "\(count) views: \(NumberText.significant(first)) s; there is no time to try others"
      return (ways[0].plan, teachers, "the student computes on \(ways[0].plan) (\(words))")
    }
    let values = teachers.reduce(0) { $0 + ($1.network.parameterCount ?? Self.mostValues) }
    let fewer = teachers.isEmpty || values >= Self.mostValues ? nil : try copies(all - 1)
    ways.append(Way(plan: ThreadPlan(student: all - 1), teachers: fewer ?? teachers))
    step(ways[1])
    if let fewer {
      Torch.threads = all
      let (theirs, students) = (seconds { ask(teachers) }, seconds { learn() })
      let share = min(
        max(1, Int((Double(all) * theirs / (theirs + students)).rounded())), all - 1)
      let threads = isEven ? all / 2 : share
      let plan = ThreadPlan(
        student: isEven ? threads : all - threads, teachers: threads, isAhead: true)
      let own = threads == all - 1 ? fewer : try copies(threads) ?? fewer
      ways.append(Way(plan: plan, teachers: own))
      step(ways[2])
    }
    var places = Array(ways.indices)
    let start = ContinuousClock.now
    var rounds = 0
    while rounds == 0 || (places.count > 1 && isWorthwhile(rounds, start.duration(to: .now))) {
      for place in places {
        let way = ways[place]
        ways[place].seconds.append(seconds { step(way) })
      }
      rounds += 1
      let best = ways.map(\.median).min() ?? 0
      places = places.filter { ways[$0].median <= best * Self.hopeless }
    }
    var chosen = ways[0]
    for other in ways.dropFirst()
    where chosen.median / other.median >= (chosen.plan == ways[0].plan ? Self.gain : 1) {
      chosen = other
    }
    let each = ways.map { "\($0.plan) \(NumberText.significant($0.median)) s" }
    return (
      chosen.plan, chosen.teachers,
      "the student computes on \(chosen.plan) (\(count) views: \(each.joined(separator: "; ")))"
    )
  }

  private func isWorthwhile(_ rounds: Int, _ spent: Duration) -> Bool {
    spent < (rounds < Self.fewest ? min(Self.most, limit / 4) : min(Self.enough, limit / 4))
  }

  private func step(_ way: Way) {
    Torch.threads = way.plan.student
    guard way.plan.isAhead else {
      ask(way.teachers)
      learn()
      return
    }
    thread.begin { ask(way.teachers) }
    learn()
    thread.wait()
  }

  private func ask(_ teachers: [Teacher]) {
    for teacher in teachers {
      if let images = images[teacher.resolution] { _ = teacher(images) }
    }
  }

  private func learn() {
    guard let images = images[resolution] else { return }
    _ = network(images, mode).squared().mean().gradients(of: network.store.trained.map(\.value))
  }

  private func seconds(_ body: () -> Void) -> Double {
    ContinuousClock().measure(body).seconds
  }
}
