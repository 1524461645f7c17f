import Foundation
import FunMatchDistillation
import FunMatchModels
import FunMatchNN
import FunMatchRuns
import FunMatchTestSupport
import FunMatchTorch
import Testing

/// How the cores are shared. The number of threads belongs to the process, so it is changed in one of its own.
struct ThreadTimerTests {
  private static func teachers(_ seconds: Double) -> [Teacher] {
    [Teacher(Sleeper(seconds: seconds), resolution: 28, precision: .f32, device: .cpu)]
  }

  private static func timer(teachers: [Int]) throws -> ThreadTimer {
    let student =
      #"{"bit": {"depth": [2, 2, 2], "width": 0.25, "stem": {"small": {"stride": 2}}, "groups": 4, "classes": 2}}"#
    return try ThreadTimer(
      JSONDecoder().decode(ModelSpec.self, from: Data(student.utf8)), resolution: 28,
      precision: .f32, count: 64, teachers: teachers)
  }

  @Test func teachersAreAheadWhereThatIsFaster() async {
    await #expect(processExitsWith: .success) {
      Torch.threads = 2
      let teachers = Self.teachers(0.1)
      var asked: [Int] = []
      let found = try Self.timer(teachers: [28]).plan(teachers, isEven: false) { threads in
        asked.append(threads)
        return Self.teachers(0.1)
      }
      #expect(found.plan == ThreadPlan(student: 1, teachers: 1, isAhead: true), "\(found.words)")
      #expect(asked == [1])
      #expect(found.teachers[0].network !== teachers[0].network)
      #expect(found.words.contains("; 1 thread, and on 1 the teachers ahead 0."), "\(found.words)")
      #expect(Torch.threads == 2)
    }
  }

  /// libtorch has one number of threads for the whole process.
  @Test func teachersOfLibtorchHaveAsManyThreadsAsTheStudent() async {
    await #expect(processExitsWith: .success) {
      Torch.threads = 3
      let teachers = Self.teachers(0.2)
      let found = try Self.timer(teachers: [28]).plan(teachers, isEven: true) { _ in teachers }
      #expect(found.plan == ThreadPlan(student: 1, teachers: 1, isAhead: true), "\(found.words)")
    }
  }

  @Test func someTeachersTakeTurns() async {
    await #expect(processExitsWith: .success) {
      Torch.threads = 2
      let teachers = Self.teachers(0.1)
      let found = try Self.timer(teachers: [28]).plan(teachers, isEven: false) { _ in nil }
      #expect(!found.plan.isAhead && found.teachers[0].network === teachers[0].network)
      let alone = try Self.timer(teachers: []).plan([], isEven: false) { _ in nil }
      #expect(!alone.plan.isAhead && alone.teachers.isEmpty)
    }
  }

  /// The teacher with one thread is slower than any step of the student, on a machine that is busy, too.
  @Test func theUsualWayStaysWhereNothingIsFaster() async {
    await #expect(processExitsWith: .success) {
      Torch.threads = 2
      let found = try Self.timer(teachers: [28]).plan(Self.teachers(0.001), isEven: false) { _ in
        Self.teachers(2)
      }
      #expect(!found.plan.isAhead, "\(found.words)")
    }
  }

  @Test func plansAreWrittenInFull() throws {
    let plan = ThreadPlan(student: 3, teachers: 1, isAhead: true)
    let text = try JSONEncoder().encode(plan)
    #expect(try JSONDecoder().decode(ThreadPlan.self, from: text) == plan)
    #expect("\(plan)" == "3 threads, and on 1 the teachers ahead")
    #expect("\(ThreadPlan(student: 1))" == "1 thread")
  }
}
