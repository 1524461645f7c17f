import FunMatchCommands

FunMatchCommand.main()
