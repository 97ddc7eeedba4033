# Runs the cells of a PowerShell that stays; `driven_process.py` says how the two talk.
#
# Written for Windows PowerShell 5.1 and PowerShell 7 with what both have had for long, and not yet seen to run on either.
# `-File` runs this in the global scope, and the dot runs the cells there too. An interrupt ends the process.

$__port, $__key = $env:INTERPRETER_CONTROL -split ' '
Remove-Item Env:INTERPRETER_CONTROL
$__utf8 = New-Object System.Text.UTF8Encoding($false)
$OutputEncoding = $__utf8
try { [Console]::OutputEncoding = $__utf8 } catch { } # where there is no console
if ($PSStyle) { $PSStyle.OutputRendering = 'PlainText' }
$ProgressPreference = 'SilentlyContinue'

$__client = New-Object System.Net.Sockets.TcpClient('127.0.0.1', [int]$__port)
$__stream = $__client.GetStream()
$__reader = New-Object System.IO.StreamReader($__stream, $__utf8)
$__writer = New-Object System.IO.StreamWriter($__stream, $__utf8)
$__writer.AutoFlush = $true
$__writer.Write("$__key`n")

function __Write-Mark($letter) {
    $mark = "$([char]27)]133;$letter;$__token$([char]7)"
    [Console]::Out.Write($mark)
    [Console]::Out.Flush()
    [Console]::Error.Write($mark)
    [Console]::Error.Flush()
}

while ($null -ne ($__line = $__reader.ReadLine())) {
    $__token, $__folder = $__line -split ' ', 2
    $__status = 'error'
    __Write-Mark 'C'
    $global:LASTEXITCODE = 0
    try {
        $__code = [System.IO.File]::ReadAllText([System.IO.Path]::Combine($__folder, 'cell'))
        $__cell = [ScriptBlock]::Create("$__code`n`$__worked = `$?")
        $__worked = $true
        do { . $__cell | Out-Default } while ($false) # a `break` of the cell ends this loop and not ours
        if ($__worked) { $__status = 'ok' }
        elseif ($LASTEXITCODE) { [Console]::Out.Write("[exit code $LASTEXITCODE]`n") }
    } catch {
        [Console]::Error.Write(($_ | Out-String))
    }
    __Write-Mark 'D'
    $__writer.Write("$__token $__status`n")
}
